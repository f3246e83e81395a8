// Python 3 with nothing but its own library; what is signed is signed by PyJWT.
import { ASSERTION_TYPE, CERTIFICATE_FILE, CERTIFICATE_KEY_FILE, SECRET_VARIABLE, type SnippetValues, isBasic, isPlain, keyFile, lines, quoted, sendsSecretIn, signs, usesSecret } from './values';

const SECRET = `os.environ["${SECRET_VARIABLE}"]`;

const imports = (v: SnippetValues): string =>
  lines(
    // Python has a module of the name token itself, which a file token.py would hide.
    '# Python 3.8 or later; save it as get_token.py',
    (isBasic(v) || v.dpop) && 'import base64',
    'import json',
    usesSecret(v) && 'import os',
    v.certificate && 'import ssl',
    (signs(v) || v.dpop) && 'import time',
    'import urllib.error',
    'import urllib.parse',
    'import urllib.request',
    (signs(v) || v.dpop) && 'import uuid',
    (signs(v) || v.dpop) && '\nimport jwt  # pip install "pyjwt[crypto]"',
    v.dpop && 'from cryptography.hazmat.primitives.asymmetric import ec',
  );

const form = (v: SnippetValues, indent: string): string =>
  lines(
    'form = {',
    '    "grant_type": "client_credentials",',
    !isBasic(v) && !signs(v) && `    "client_id": ${quoted(v.clientId)},`,
    sendsSecretIn(v) && `    "client_secret": ${SECRET},`,
    signs(v) && `    "client_assertion_type": "${ASSERTION_TYPE}",`,
    signs(v) && '    "client_assertion": assertion(),',
    `    "scope": ${quoted(v.scope)},`,
    '}',
  ).replace(/^/gm, indent);

const request = (v: SnippetValues, indent: string): string =>
  lines(
    'request = urllib.request.Request(',
    `    ${quoted(v.tokenEndpoint)},`,
    '    data=urllib.parse.urlencode(form).encode(),',
    ')',
    isBasic(v) && `credentials = ":".join(urllib.parse.quote_plus(part) for part in (${quoted(v.clientId)}, ${SECRET}))`,
    isBasic(v) && 'request.add_header("Authorization", "Basic " + base64.b64encode(credentials.encode()).decode())',
  ).replace(/^/gm, indent);

const plain = (v: SnippetValues): string => `${imports(v)}

${form(v, '')}
${request(v, '')}
try:
    with urllib.request.urlopen(request, timeout=10) as response:
        token = json.load(response)
except urllib.error.HTTPError as error:
    raise SystemExit(error.read().decode())
print(token["access_token"])`;

const assertion = (v: SnippetValues): string => {
  const key = usesSecret(v) ? SECRET : 'key';
  const members = `"iss": ${quoted(v.clientId)}, "sub": ${quoted(v.clientId)}, "aud": ${quoted(v.issuer)}`;
  const read = usesSecret(v) ? '' : `    # The private key stays on this machine.\n    with open("${keyFile(v)}") as file:\n        key = file.read()\n`;
  const kid = v.kid === null ? '' : `, headers={"kid": ${quoted(v.kid)}}`;
  return `def assertion():
${read}    now = int(time.time())
    claims = {${members}, "jti": str(uuid.uuid4()), "iat": now, "exp": now + 60}
    return jwt.encode(claims, ${key}, algorithm="${v.algorithm}"${kid})

`;
};

const proof = (v: SnippetValues): string => `# The token is bound to this key: each request with it needs a proof as well (RFC 9449 7).
dpop_key = ec.generate_private_key(ec.SECP256R1())


def coordinate(number):
    return base64.urlsafe_b64encode(number.to_bytes(32, "big")).rstrip(b"=").decode()


def proof(nonce):
    point = dpop_key.public_key().public_numbers()
    jwk = {"kty": "EC", "crv": "P-256", "x": coordinate(point.x), "y": coordinate(point.y)}
    claims = {"jti": str(uuid.uuid4()), "htm": "POST", "htu": ${quoted(v.tokenEndpoint)}, "iat": int(time.time())}
    if nonce:
        claims["nonce"] = nonce
    return jwt.encode(claims, dpop_key, algorithm="ES256", headers={"typ": "dpop+jwt", "jwk": jwk})

`;

const ask = (v: SnippetValues): string =>
  lines(
    `def ask(${v.dpop ? 'nonce=None' : ''}):`,
    form(v, '    '),
    request(v, '    '),
    v.dpop && '    request.add_header("DPoP", proof(nonce))',
    '    try:',
    `        with urllib.request.urlopen(request, timeout=10${v.certificate ? ', context=context' : ''}) as response:`,
    '            return json.load(response)',
    '    except urllib.error.HTTPError as error:',
    '        body = error.read().decode()',
    v.dpop && '        # The server may want a value of its own in the proof.',
    v.dpop && '        if nonce is None and "use_dpop_nonce" in body:',
    v.dpop && '            return ask(error.headers["DPoP-Nonce"])',
    '        raise SystemExit(body)',
  );

const certificate = `context = ssl.create_default_context()
context.load_cert_chain("${CERTIFICATE_FILE}", "${CERTIFICATE_KEY_FILE}")

`;

export function python(v: SnippetValues): string {
  if (isPlain(v)) return plain(v);
  const parts = [v.certificate && certificate, v.dpop && proof(v), signs(v) && assertion(v), ask(v)];
  const defined = parts.filter((part) => part !== false);
  // Two empty lines before what is a function, as PEP 8 has it.
  return `${imports(v)}\n\n${defined.map((part) => (part.startsWith('def') ? `\n${part}` : part)).join('')}


print(ask()["access_token"])`;
}
