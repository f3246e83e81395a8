import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import test from 'node:test';
import { SNIPPET_LANGUAGES, exportLine, quoted, shellQuoted, snippet } from '../src/lib/snippets';

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

test('every program has the values, reads the secret from the environment, and sends it one way only', () => {
  for (const { id } of SNIPPET_LANGUAGES) {
    for (const authMethod of ['client_secret', 'client_secret_basic', 'client_secret_post'] as const) {
      const code = snippet(id, { tokenEndpoint: 'https://auth.example/oauth2/token', clientId: 'the-client', authMethod, scope: 'customer.7' });
      for (const part of ['https://auth.example/oauth2/token', 'the-client', 'customer.7', 'LEANAUTH_CLIENT_SECRET', 'client_credentials']) {
        assert.ok(code.includes(part), `${id}: ${part}`);
      }
      assert.equal(code.includes('client_secret='), code.includes('client_secret=') && authMethod !== 'client_secret_basic', id);
      const basic = /Basic|-u |SetBasicAuth/.test(code.replace(/^\/\/.*$/gm, ''));
      assert.equal(basic, authMethod === 'client_secret_basic', `${id} ${authMethod}`);
    }
  }
});
