import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { Application, Environment } from '../src/api/types';
import { SNIPPET_LANGUAGES, type SnippetLanguage, type SnippetValues, exportLine, hasPrograms, quoted, shellQuoted, snippet, valuesOf } from '../src/lib/snippets';

const NASTY = ['', 'plain', `it's`, '"; rm -rf / #', '$(id) `id` \\', 'line\nfeed\ttab', 'ü ع \u2028', '%s %d {x} ${y}'];

const run = (program: string, args: string[], env: Record<string, string> = {}): SpawnSyncReturns<string> =>
  spawnSync(program, args, { encoding: 'utf8', timeout: 20_000, env: { PATH: process.env.PATH, ...env } });
const has = (program: string): boolean => run(program, ['--version']).status === 0;

test('a shell reads back what was quoted for it', () => {
  for (const text of NASTY) assert.equal(run('sh', ['-c', `printf %s ${shellQuoted(text)}`]).stdout, text);
});

test('the line that sets the secret sets that and nothing else', () => {
  for (const text of NASTY) {
    assert.equal(run('sh', ['-c', `${exportLine(text, '')}; printf %s "$LEANAUTH_CLIENT_SECRET"`]).stdout, text);
  }
  assert.equal(exportLine(null, `it's yours`), `export LEANAUTH_CLIENT_SECRET='it’s yours'`);
});

test('JavaScript, and Python where it is, read back what was quoted for them', () => {
  for (const text of NASTY) {
    assert.equal(JSON.parse(quoted(text)), text);
    assert.equal(run(process.execPath, ['-e', `process.stdout.write(${quoted(text)})`]).stdout, text);
    if (has('python3')) assert.equal(run('python3', ['-X', 'utf8', '-c', `import sys; sys.stdout.buffer.write(${quoted(text)}.encode())`]).stdout, text);
  }
});

const BASE: SnippetValues = { tokenEndpoint: 'https://auth.example/oauth2/token', issuer: 'https://auth.example', clientId: 'the-client', authMethod: 'client_secret', scope: 'customer.7', certificate: false, dpop: false, algorithm: '', kid: null };
const KEY_ALGORITHMS = ['ES256', 'ES384', 'ES512', 'EdDSA', 'PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512'];

/** Each way to authenticate, by itself and with each binding; with values that would break out of a literal. */
const COMBINATIONS: SnippetValues[] = [
  ...(['client_secret', 'client_secret_basic', 'client_secret_post', 'tls_client_auth', 'self_signed_tls_client_auth'] as const).map((authMethod) => ({ ...BASE, authMethod })),
  ...['HS256', 'HS384', 'HS512'].map((algorithm) => ({ ...BASE, authMethod: 'client_secret_jwt' as const, algorithm })),
  ...KEY_ALGORITHMS.map((algorithm) => ({ ...BASE, authMethod: 'private_key_jwt' as const, algorithm, kid: 'of the key' })),
].flatMap((v) => [[false, false], [true, false], [false, true], [true, true]].map(([certificate = false, dpop = false]) => ({ ...v, dpop, certificate: certificate || v.authMethod.endsWith('tls_client_auth') })))
  .flatMap((v) => [v, { ...v, clientId: `it's "100%" \\ $(id)`, kid: v.kid && `k'"\\ü%s\``, scope: `customer.'"\\` }]);

test('every program has the values, reads the secret from the environment, and sends it one way only', () => {
  for (const { id } of SNIPPET_LANGUAGES) {
    for (const authMethod of ['client_secret', 'client_secret_basic', 'client_secret_post'] as const) {
      for (const [certificate, dpop] of [[false, false], [true, false], [false, true]] as const) {
        const code = snippet(id, { ...BASE, authMethod, certificate, dpop });
        for (const part of ['https://auth.example/oauth2/token', 'the-client', 'customer.7', 'LEANAUTH_CLIENT_SECRET', 'client_credentials']) {
          assert.ok(code.includes(part), `${id}: ${part}`);
        }
        assert.equal(/client_secret["=:]/.test(code), authMethod !== 'client_secret_basic', id);
        const basic = /Basic|-u |SetBasicAuth/.test(code.replace(/^\/\/.*$/gm, ''));
        assert.equal(basic, authMethod === 'client_secret_basic', `${id} ${authMethod}`);
      }
    }
  }
});

test('a program has of keys, certificates and proofs what its application needs, and no more', () => {
  for (const v of COMBINATIONS) {
    for (const { id } of SNIPPET_LANGUAGES) {
      const code = snippet(id, v);
      const what = `${id} ${v.authMethod} ${v.algorithm}`;
      assert.equal(code.includes('client.crt'), v.certificate, what);
      assert.equal(code.includes('dpop+jwt'), v.dpop, what);
      assert.equal(code.includes('use_dpop_nonce'), v.dpop, what);
      assert.equal(code.includes('client_assertion'), v.algorithm !== '', what);
      assert.equal(code.includes('LEANAUTH_CLIENT_SECRET'), v.authMethod.startsWith('client_secret'), what);
      // A key for assertions and one for the certificate are two.
      assert.equal(code.includes('assertion.key'), v.authMethod === 'private_key_jwt' && v.certificate, what);
      assert.ok(!/undefined|\[object|\bfalse\b/.test(code), code);
    }
  }
});

/** Writes each combination's program, runs a checker over them, and fails with what it says. */
function checked(t: TestContext, language: SnippetLanguage, program: string, check: (files: string[], folder: string) => SpawnSyncReturns<string>, write: (code: string, i: number) => [string, string]): void {
  if (!has(program) && run(program, ['-h']).error) {
    t.skip(`${program} is not here to read them`);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'leanauth-snippets-'));
  try {
    const files = COMBINATIONS.map((v, i) => {
      const [name, code] = write(snippet(language, v), i);
      writeFileSync(join(folder, name), code);
      return join(folder, name);
    });
    const done = check(files, folder);
    assert.equal(done.status, 0, `${done.stdout}${done.stderr}`.slice(0, 4000));
    assert.equal(done.stdout, '');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('every program is well formed: shell', (t) => {
  checked(t, 'curl', 'sh', (files) => run('sh', ['-c', 'for f; do sh -n "$f" || exit 1; done', 'sh', ...files]), (code, i) => [`${i}.sh`, code]);
});

test('every program is well formed: Python', (t) => {
  const compile = 'import sys\nfor name in sys.argv[1:]:\n  compile(open(name, encoding="utf-8").read(), name, "exec")';
  checked(t, 'python', 'python3', (files) => run('python3', ['-c', compile, ...files]), (code, i) => [`${i}.py`, code]);
});

test('every program is well formed: Node.js', (t) => {
  // A module that is loaded but not run: within a function that nobody calls.
  const load = 'import(process.argv[1])';
  checked(t, 'node', process.execPath, (files, folder) => {
    writeFileSync(join(folder, 'all.mjs'), files.map((f) => `import ${JSON.stringify(f)};`).join('\n'));
    return run(process.execPath, ['-e', load, join(folder, 'all.mjs')]);
  }, (code, i) => {
    const imported = code.match(/^import .*$/gm) ?? [];
    return [`${i}.mjs`, `${imported.join('\n')}\nexport async function unused() {\n${code.replace(/^import .*$/gm, '')}\n}`];
  });
});

test('every program is well formed, and as gofmt has it: Go', (t) => {
  checked(t, 'go', 'gofmt', (files) => run('gofmt', ['-d', ...files]), (code, i) => [`${i}.go`, `${code}\n`]);
});

test('every program compiles: Java', (t) => {
  checked(t, 'java', 'javac', (files, folder) => {
    mkdirSync(join(folder, 'out'));
    return spawnSync('javac', ['-proc:none', '-d', join(folder, 'out'), ...files], { encoding: 'utf8', timeout: 120_000 });
  }, (code, i) => [`GetToken${i}.java`, code.replaceAll('GetToken', `GetToken${i}`).replaceAll('Signer', `Signer${i}`)]);
});

const APPLICATION = { client_id: 'id', auth_method: 'private_key_jwt', jwks: null, jwks_uri: null, token_endpoint_auth_signing_alg: null, dpop_bound_access_tokens: false, tls_client_certificate_bound_access_tokens: false, fapi: false } as Application;
const ENVIRONMENT = { issuer: 'https://i', token_endpoint: 'https://i/oauth2/token', mtls_token_endpoint: 'https://m/oauth2/token', fapi: false } as Environment;

test('values: the algorithm and kid of the registered keys, or as it is pinned', () => {
  const of = (change: Partial<Application>): [string, string | null] => { const v = valuesOf({ ...APPLICATION, ...change }, ENVIRONMENT, 'api'); return [v.algorithm, v.kid]; };
  const ec = { kty: 'EC', crv: 'P-384', kid: 'one' };
  const rsa = { kty: 'RSA', kid: 'two' };
  assert.deepEqual(of({}), ['ES256', null]);
  assert.deepEqual(of({ jwks: { keys: [ec, rsa] } }), ['ES384', 'one']);
  assert.deepEqual(of({ jwks: { keys: [ec, rsa] }, token_endpoint_auth_signing_alg: 'RS256' }), ['RS256', 'two']);
  assert.deepEqual(of({ jwks: { keys: [{ kty: 'OKP', crv: 'Ed25519', alg: 'Ed25519' }] } }), ['EdDSA', null]);
  assert.deepEqual(of({ jwks: { keys: [{ ...rsa, alg: 'RS512' }] } }), ['RS512', 'two']);
  assert.deepEqual(of({ auth_method: 'client_secret_jwt' }), ['HS256', null]);
  assert.deepEqual(of({ auth_method: 'tls_client_auth' }), ['', null]);
  assert.ok(!hasPrograms(valuesOf({ ...APPLICATION, jwks: { keys: [{ kty: 'AKP', alg: 'ML-DSA-44' }] } }, ENVIRONMENT, 'api')));
  assert.ok(COMBINATIONS.every(hasPrograms));
});

test('values: where to ask, and what the token is bound to', () => {
  const of = (change: Partial<Application>, environment: Partial<Environment> = {}): [string, boolean, boolean] => {
    const v = valuesOf({ ...APPLICATION, ...change }, { ...ENVIRONMENT, ...environment }, 'api');
    return [v.tokenEndpoint, v.certificate, v.dpop];
  };
  assert.deepEqual(of({}), [ENVIRONMENT.token_endpoint, false, false]);
  assert.deepEqual(of({ auth_method: 'tls_client_auth' }), [ENVIRONMENT.mtls_token_endpoint, true, false]);
  assert.deepEqual(of({ auth_method: 'tls_client_auth' }, { mtls_token_endpoint: null }), [ENVIRONMENT.token_endpoint, true, false]);
  assert.deepEqual(of({ tls_client_certificate_bound_access_tokens: true }), [ENVIRONMENT.mtls_token_endpoint, true, false]);
  assert.deepEqual(of({ dpop_bound_access_tokens: true }), [ENVIRONMENT.token_endpoint, false, true]);
  assert.deepEqual(of({ fapi: true }), [ENVIRONMENT.token_endpoint, false, true]);
  assert.deepEqual(of({}, { fapi: true }), [ENVIRONMENT.token_endpoint, false, true]);
  assert.deepEqual(of({ auth_method: 'self_signed_tls_client_auth', fapi: true }), [ENVIRONMENT.mtls_token_endpoint, true, false]);
});
