// The programs of the Integration page, run as they stand: on a server that speaks TLS and asks for certificates, at names that every
// resolver knows.
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { settled } from './browser.mjs';
import { OTHER_SANDBOX, SANDBOX, freePort, poll } from './server.mjs';

const run = promisify(execFile);
export const place = mkdtempSync(join(tmpdir(), 'leanauth-programs-'));
process.once('exit', () => rmSync(place, { recursive: true, force: true }));
const at = (name) => join(place, name);

/** A key and a certificate that is signed by itself. */
export function selfSigned(folder, name, subject, ...more) {
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', `/CN=${subject}`, ...more,
    '-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.crt`)], { stdio: 'pipe' });
}

selfSigned(place, 'server', 'localhost', '-addext', 'subjectAltName=DNS:localhost');

/** Options of Server.start. The second sandbox wants a nonce in each DPoP proof. */
export const options = {
  config: async (text) => `${text
    .replace(/http:\/\/sandbox-(\w+)\.localhost:(\d+)/g, 'https://localhost:$2/$1')
    .replace('issuer: http:', 'issuer: https:')
    .replace(/^(listen: .*)\}/m, '$1, tls: true}')
    .replace(`  - name: ${OTHER_SANDBOX}\n`, `  - name: ${OTHER_SANDBOX}\n    dpop: {nonce: required}\n`)}
tls: {certificate: ${at('server.crt')}, key: ${at('server.key')}}
mtls_listen: {address: 127.0.0.1, port: ${await freePort()}}
`,
};

/** What a client on this machine has in its environment: whom it trusts, and no proxy. */
const surroundings = () => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/proxy/i.test(name) && !name.startsWith('LEANAUTH_'))),
  CURL_CA_BUNDLE: at('server.crt'),
  SSL_CERT_FILE: at('server.crt'),
  NODE_EXTRA_CA_CERTS: at('server.crt'),
  JAVA_TOOL_OPTIONS: `-Djavax.net.ssl.trustStore=${at('trust.p12')} -Djavax.net.ssl.trustStorePassword=changeit`,
});

export const LANGUAGES = {
  curl: { label: 'curl', file: 'token.sh', command: ['sh', 'token.sh'] },
  python: { label: 'Python', file: 'get_token.py', command: ['/usr/bin/python3', 'get_token.py'] },
  node: { label: 'Node.js', file: 'token.mjs', command: [process.execPath, 'token.mjs'] },
  java: { label: 'Java', file: 'GetToken.java', command: ['java', 'GetToken.java'] },
  go: { label: 'Go', file: 'token.go', command: ['go', 'run', 'token.go'] },
};

const works = (program, ...words) => spawnSync(program, words, { stdio: 'ignore' }).status === 0;

/** The number in what a program says of itself; 0 where it is not here. */
const versionOf = (program, word, pattern) => Number(pattern.exec(`${spawnSync(program, [word], { encoding: 'utf8' }).stdout ?? ''}`)?.[1] ?? 0);

/** Why programs of a language cannot be run here; nothing where they can. */
export function obstacle(language) {
  if (language === 'python') return works('/usr/bin/python3', '-c', 'import jwt, cryptography') ? null : 'python3-jwt is not here';
  if (language === 'go') return versionOf('go', 'version', /go1\.(\d+)/) >= 20 ? null : 'there is no Go 1.20 here';
  if (language !== 'java') return null;
  if (versionOf('javac', '--version', /javac (\d+)/) < 17 || !works('java', '-version')) return 'there is no JDK 17 here';
  const trust = ['-importcert', '-noprompt', '-alias', 'server', '-file', at('server.crt'), '-keystore', at('trust.p12'), '-storepass', 'changeit'];
  return works('keytool', ...trust) ? null : 'keytool does not take the certificate';
}

const KINDS = {
  ES256: ['ec', { namedCurve: 'P-256' }], ES384: ['ec', { namedCurve: 'P-384' }], ES512: ['ec', { namedCurve: 'P-521' }],
  EdDSA: ['ed25519', {}], PS256: ['rsa', { modulusLength: 2048 }], RS256: ['rsa', { modulusLength: 2048 }],
};

/** A new key in `folder`; gives the file of its public set. */
function newKey(folder, algorithm, file, kid) {
  const { privateKey, publicKey } = generateKeyPairSync(...KINDS[algorithm]);
  writeFileSync(join(folder, file), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  const jwks = join(folder, 'keys.json');
  writeFileSync(jwks, JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), ...(kid && { kid }), ...(algorithm === 'RS256' && { alg: algorithm }) }] }));
  return jwks;
}

// Names are other people's input, in programs too: nothing of it may be run, or end the text that it stands in.
const HOSTILE_KID = 'it\'s "50%d" \\ \\n %s $(touch pwned) `touch pwned` ${key} \\u0022 ü ع';
let folders = 0;

/** An application with what its programs need beside them. `key`: the algorithm of private_key_jwt. `bound`: dpop or certificate. */
export async function prepare(server, method, { key = null, bound = null, environment = SANDBOX } = {}) {
  const folder = at(`client-${++folders}`);
  mkdirSync(folder);
  const jwks = key ? ['--jwks', newKey(folder, key, bound === 'certificate' ? 'assertion.key' : 'client.key', key === 'ES256' ? HOSTILE_KID : null)] : [];
  const flags = { dpop: ['--dpop-bound', 'true'], certificate: ['--certificate-bound', 'true'] }[bound] ?? [];
  const app = await server.createApplication(environment, `${method} ${key ?? ''} ${bound ?? ''}`.trim(), '--auth-method', method, ...jwks, ...flags);
  if (method === 'self_signed_tls_client_auth') {
    selfSigned(folder, 'client', 'a client');
    await server.cli('cert', 'register', app.client_id, join(folder, 'client.crt'), '--environment', environment);
  } else if (method === 'tls_client_auth') {
    await server.cli('cert', 'issue', app.client_id, '--environment', environment, '--output', join(folder, 'client'));
  } else if (bound === 'certificate') {
    selfSigned(folder, 'client', 'a client');
  }
  return { ...app, environment, folder, bound: bound ?? (method.endsWith('tls_client_auth') ? 'certificate' : null) };
}

/** The program of the page that is open. */
export async function programOf(page, language) {
  await settled(page);
  const tab = page.getByRole('tab', { name: LANGUAGES[language].label, exact: true });
  await tab.click();
  await page.getByRole('tabpanel', { name: LANGUAGES[language].label, exact: true }).waitFor();
  return page.locator('[role=tabpanel] code').textContent();
}

/** Runs it in the application's folder until it gets a token, as the registry follows; gives the token's claims. */
export async function runProgram(app, language, program) {
  const { file, command: [words, ...rest] } = LANGUAGES[language];
  writeFileSync(join(app.folder, file), program);
  const secret = app.client_secret ? { LEANAUTH_CLIENT_SECRET: app.client_secret } : {};
  let last = '';
  const told = await poll(async () => {
    const { stdout, stderr } = await run(words, rest, { cwd: app.folder, env: { ...surroundings(), ...secret } }).catch((e) => e);
    last = `${stdout}${stderr}`;
    return /eyJ[\w-]+\.([\w-]+)\.[\w-]+/.exec(stdout);
  }, `the ${language} program gets a token`, 180).catch((e) => { throw new Error(`${e.message}: ${last}\n${program}`); });
  assert.ok(!existsSync(join(app.folder, 'pwned')));
  const claims = JSON.parse(Buffer.from(told[1], 'base64url'));
  assert.equal(claims.client_id, app.client_id);
  assert.deepEqual(Object.keys(claims.cnf ?? {}), { dpop: ['jkt'], certificate: ['x5t#S256'] }[app.bound] ?? []);
  return claims;
}
