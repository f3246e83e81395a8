// Node.js with nothing but its own modules.
import { ASSERTION_TYPE, CERTIFICATE_FILE, CERTIFICATE_KEY_FILE, SECRET_VARIABLE, type SnippetValues, isBasic, isPlain, keyFile, lines, quoted, sendsSecretIn, signs, usesSecret } from './values';

const SECRET = `process.env.${SECRET_VARIABLE}`;

const form = (v: SnippetValues, indent: string): string =>
  lines(
    'const form = new URLSearchParams({',
    '  grant_type: "client_credentials",',
    !isBasic(v) && !signs(v) && `  client_id: ${quoted(v.clientId)},`,
    sendsSecretIn(v) && `  client_secret: ${SECRET},`,
    signs(v) && `  client_assertion_type: "${ASSERTION_TYPE}",`,
    signs(v) && '  client_assertion: assertion(),',
    `  scope: ${quoted(v.scope)},`,
    '});',
  ).replace(/^/gm, indent);

const credentials = (v: SnippetValues): string => `const credentials = [${quoted(v.clientId)}, ${SECRET}].map(encodeURIComponent).join(":");`;
const BASIC = 'Authorization: "Basic " + Buffer.from(credentials).toString("base64")';

const plain = (v: SnippetValues): string =>
  lines(
    '// Node.js 18 or later; save it as token.mjs',
    form(v, ''),
    isBasic(v) && credentials(v),
    `const response = await fetch(${quoted(v.tokenEndpoint)}, {`,
    '  method: "POST",',
    isBasic(v) && `  headers: { ${BASIC} },`,
    '  body: form,',
    '  signal: AbortSignal.timeout(10_000),',
    '});',
    'const answer = await response.json();',
    'if (!response.ok) throw new Error(`${answer.error}: ${answer.error_description}`);',
    'console.log(answer.access_token);',
  );

function signature(algorithm: string, key: string): string {
  const hash = `"sha${algorithm.slice(2)}"`;
  if (algorithm === 'EdDSA') return `sign(null, data, ${key})`;
  if (algorithm.startsWith('HS')) return `createHmac(${hash}, ${SECRET}).update(data).digest()`;
  if (algorithm.startsWith('RS')) return `sign(${hash}, data, ${key})`;
  if (algorithm.startsWith('ES')) return `sign(${hash}, data, { key: ${key}, dsaEncoding: "ieee-p1363" })`;
  return `sign(${hash}, data, { key: ${key}, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST })`;
}

function imports(v: SnippetValues): string {
  const names = [
    v.algorithm.startsWith('PS') && 'constants',
    v.algorithm.startsWith('HS') && 'createHmac',
    v.dpop && 'generateKeyPairSync',
    (signs(v) || v.dpop) && 'randomUUID',
    ((signs(v) && !usesSecret(v)) || v.dpop) && 'sign',
  ].filter((name) => name !== false);
  return lines(
    '// Node.js 18 or later; save it as token.mjs',
    names.length > 0 && `import { ${names.join(', ')} } from "node:crypto";`,
    ((signs(v) && !usesSecret(v)) || v.certificate) && 'import { readFileSync } from "node:fs";',
    v.certificate && 'import { request } from "node:https";',
  );
}

const JWT = `const now = () => Math.floor(Date.now() / 1000);
const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
function jwt(header, claims, signature) {
  const unsigned = \`\${encode(header)}.\${encode(claims)}\`;
  return \`\${unsigned}.\${signature(Buffer.from(unsigned)).toString("base64url")}\`;
}`;

const assertion = (v: SnippetValues): string =>
  lines(
    !usesSecret(v) && '// The private key stays on this machine.',
    !usesSecret(v) && `const key = readFileSync("${keyFile(v)}");`,
    'const assertion = () =>',
    '  jwt(',
    `    { alg: "${v.algorithm}", ${v.kid === null ? '' : `kid: ${quoted(v.kid)}, `}typ: "client-authentication+jwt" },`,
    `    { iss: ${quoted(v.clientId)}, sub: ${quoted(v.clientId)}, aud: ${quoted(v.issuer)}, jti: randomUUID(), iat: now(), exp: now() + 60 },`,
    `    (data) => ${signature(v.algorithm, 'key')},`,
    '  );',
  );

const proof = (v: SnippetValues): string => `// The token is bound to this key: each request with it needs a proof as well (RFC 9449 7).
const dpop = generateKeyPairSync("ec", { namedCurve: "P-256" });
const proof = (nonce) =>
  jwt(
    { typ: "dpop+jwt", alg: "ES256", jwk: dpop.publicKey.export({ format: "jwk" }) },
    { jti: randomUUID(), htm: "POST", htu: ${quoted(v.tokenEndpoint)}, iat: now(), nonce },
    (data) => ${signature('ES256', 'dpop.privateKey')},
  );`;

const byFetch = (v: SnippetValues): string => `async function post(headers, form) {
  const response = await fetch(${quoted(v.tokenEndpoint)}, { method: "POST", headers, body: form, signal: AbortSignal.timeout(10_000) });
  return { ok: response.ok, nonce: response.headers.get("dpop-nonce"), answer: await response.json() };
}`;

const byCertificate = (v: SnippetValues): string => `const certificate = { cert: readFileSync("${CERTIFICATE_FILE}"), key: readFileSync("${CERTIFICATE_KEY_FILE}") };
const post = (headers, form) =>
  new Promise((resolve, reject) => {
    const options = { method: "POST", ...certificate, headers: { ...headers, "Content-Type": "application/x-www-form-urlencoded" }, signal: AbortSignal.timeout(10_000) };
    const asked = request(${quoted(v.tokenEndpoint)}, options, async (response) => {
      try {
        const answer = JSON.parse((await response.setEncoding("utf8").toArray()).join(""));
        resolve({ ok: response.statusCode === 200, nonce: response.headers["dpop-nonce"], answer });
      } catch (error) {
        reject(error);
      }
    });
    asked.on("error", reject).end(form.toString());
  });`;

function ask(v: SnippetValues): string {
  const headers = [isBasic(v) && BASIC, v.dpop && 'DPoP: proof(nonce)'].filter((one) => one !== false).join(', ');
  return lines(
    `async function ask(${v.dpop ? 'nonce' : ''}) {`,
    form(v, '  '),
    isBasic(v) && `  ${credentials(v)}`,
    `  const { ok, ${v.dpop ? 'nonce: wanted, ' : ''}answer } = await post(${headers ? `{ ${headers} }` : '{}'}, form);`,
    v.dpop && '  // The server may want a value of its own in the proof.',
    v.dpop && '  if (answer.error === "use_dpop_nonce" && !nonce) return ask(wanted);',
    '  if (!ok) throw new Error(`${answer.error}: ${answer.error_description}`);',
    '  return answer;',
    '}',
  );
}

export function node(v: SnippetValues): string {
  if (isPlain(v)) return plain(v);
  const parts = [imports(v), (signs(v) || v.dpop) && JWT, signs(v) && assertion(v), v.dpop && proof(v), v.certificate ? byCertificate(v) : byFetch(v), ask(v), 'console.log((await ask()).access_token);'];
  return parts.filter((part) => part !== false).join('\n\n');
}
