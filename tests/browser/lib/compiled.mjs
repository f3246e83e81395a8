// The programs of a language that needs a compiler of its own, run as they stand where there is one.
import { obstacle, options, prepare, programOf, runProgram } from './programs.mjs';
import { OTHER_SANDBOX } from './server.mjs';
import { test, walk } from './walk.mjs';

// Between them these have everything that a program can have.
const WAYS = [
  ['client_secret', {}],
  ['client_secret_basic', { bound: 'dpop', environment: OTHER_SANDBOX }],
  ['client_secret_jwt', {}],
  ['private_key_jwt', { key: 'ES256', bound: 'certificate' }],
  ['private_key_jwt', { key: 'PS256' }],
  ['private_key_jwt', { key: 'EdDSA' }],
  ['self_signed_tls_client_auth', {}],
];

export function programsIn(language) {
  let admin;
  const missing = obstacle(language);
  const given = walk(options, async ({ server }) => {
    admin = await server.addOperator('amal@example.com', 'admin', [], 'Amal');
  });
  for (const [method, how] of WAYS) {
    test([method, ...Object.values(how)].join(', '), async (context) => {
      if (missing) {
        context.diagnostic(`note: not run: ${missing}`);
        return;
      }
      const app = await prepare(given.server, method, how);
      const page = await given.browser.page({ operator: admin, path: `/e/${app.environment}/applications/${app.client_id}` });
      await runProgram(app, language, await programOf(page, language));
    });
  }
}
