// For a POSIX shell, with curl; what is signed is signed by openssl.
import { ASSERTION_TYPE, CERTIFICATE_FILE, CERTIFICATE_KEY_FILE, SECRET_VARIABLE, type SnippetValues, isBasic, keyFile, lines, sendsSecretIn, shellQuoted, signs, usesSecret } from './values';

/** A JSON text with %s and %d in it, as printf takes it. */
const template = (members: object, more: string): string => {
  const text = JSON.stringify(members).replace(/\\/g, '\\\\').replace(/%/g, '%%').replace(/'/g, "'\\''");
  return `'${text.slice(0, -1)},${more}}'`;
};

function request(v: SnippetValues): string {
  const parts = [`curl -sS ${v.dpop ? '-D headers.tmp ' : ''}${shellQuoted(v.tokenEndpoint)}`];
  if (v.certificate) parts.push(`--cert ${CERTIFICATE_FILE} --key ${CERTIFICATE_KEY_FILE}`);
  if (v.dpop) parts.push('-H "DPoP: $(proof)"');
  if (isBasic(v)) parts.push(`-u ${shellQuoted(v.clientId)}:"$${SECRET_VARIABLE}"`);
  parts.push('-d grant_type=client_credentials');
  if (!isBasic(v) && !signs(v)) parts.push(`--data-urlencode ${shellQuoted(`client_id=${v.clientId}`)}`);
  if (sendsSecretIn(v)) parts.push(`--data-urlencode "client_secret=$${SECRET_VARIABLE}"`);
  if (signs(v)) parts.push(`-d client_assertion_type=${ASSERTION_TYPE}`, '--data-urlencode "client_assertion=$(assertion)"');
  parts.push(`--data-urlencode ${shellQuoted(`scope=${v.scope}`)}`);
  return parts.join(` \\\n${v.dpop ? '    ' : '  '}`);
}

/** A DER signature of ECDSA as JOSE has it: both numbers, each as long as the curve (RFC 7518 3.4). */
const raw = (bytes: number): string => `openssl asn1parse -inform DER |
    perl -ne 'print pack "H*", substr "0" x ${bytes * 2} . $1, -${bytes * 2} if /INTEGER +:([0-9A-F]+)/'`;

function signer(algorithm: string, key: string): string {
  const digest = `openssl dgst -sha${algorithm.slice(2)}`;
  if (algorithm === 'EdDSA') return `openssl pkeyutl -sign -rawin -inkey ${key} -in "$1"`;
  if (algorithm.startsWith('HS')) return `${digest} -hmac "$${SECRET_VARIABLE}" -binary "$1"`;
  if (algorithm.startsWith('PS')) return `${digest} -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest -sign ${key} "$1"`;
  if (algorithm.startsWith('RS')) return `${digest} -sign ${key} "$1"`;
  return `${digest} -sign ${key} "$1" | ${raw({ ES256: 32, ES384: 48 }[algorithm] ?? 66)}`;
}

const JWT = `base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
jwt() { # header, claims, what signs a file
  printf '%s.%s' "$(printf %s "$1" | base64url)" "$(printf %s "$2" | base64url)" > unsigned.tmp
  printf '%s.%s' "$(cat unsigned.tmp)" "$("$3" unsigned.tmp | base64url)"
}`;

const assertion = (v: SnippetValues): string => `by_client() { ${signer(v.algorithm, keyFile(v))}; }
assertion() {
  now=$(date +%s)
  jwt ${shellQuoted(JSON.stringify({ alg: v.algorithm, ...(v.kid !== null && { kid: v.kid }), typ: 'client-authentication+jwt' }))} \\
    "$(printf ${template({ iss: v.clientId, sub: v.clientId, aud: v.issuer }, '"jti":"%s","iat":%d,"exp":%d')} "$(openssl rand -hex 16)" "$now" $((now + 60)))" \\
    by_client
}`;

const proof = (v: SnippetValues): string => `# The token is bound to this key: each request with it needs a proof as well (RFC 9449 7).
[ -f dpop.key ] || openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out dpop.key
by_dpop() { ${signer('ES256', 'dpop.key')}; }
coordinates() { openssl pkey -in dpop.key -pubout -outform DER | tail -c 64; }
proof() {
  jwt "$(printf '{"typ":"dpop+jwt","alg":"ES256","jwk":{"kty":"EC","crv":"P-256","x":"%s","y":"%s"}}' \\
      "$(coordinates | head -c 32 | base64url)" "$(coordinates | tail -c 32 | base64url)")" \\
    "$(printf ${template({ htm: 'POST', htu: v.tokenEndpoint }, '"jti":"%s","iat":%d%s')} "$(openssl rand -hex 16)" "$(date +%s)" "\${nonce:+,\\"nonce\\":\\"$nonce\\"}")" \\
    by_dpop
}`;

const askTwice = (v: SnippetValues): string => `ask() {
  ${request(v)}
}
nonce=
answer=$(ask)
# The server may want a value of its own in the proof.
case $answer in *use_dpop_nonce*)
  nonce=$(grep -i '^dpop-nonce:' headers.tmp | tr -d '\\r' | cut -d ' ' -f 2)
  answer=$(ask)
esac
printf '%s\\n' "$answer"`;

export function curl(v: SnippetValues): string {
  if (!signs(v) && !v.dpop) return request(v);
  return lines(
    '# With OpenSSL 3.',
    JWT,
    signs(v) && `${usesSecret(v) ? '' : `# ${keyFile(v)} is the private key, and stays on this machine.\n`}${assertion(v)}`,
    v.dpop && proof(v),
    v.dpop ? askTwice(v) : request(v),
    `rm -f unsigned.tmp${v.dpop ? ' headers.tmp' : ''}`,
  );
}
