import assert from 'node:assert/strict';
import test from 'node:test';
import { en } from '../src/i18n/en';
import { ACTIONS, NO_FILTER, areaOf, fieldsOf, isFiltered, serverFilter } from '../src/lib/audit_filter';
import { programOf } from '../src/lib/user_agent';
import { missesEnvironment, normal } from '../src/pages/operators/access_fields';
import { explainedReason } from '../src/pages/usage/reasons';

test('every reason says what to do, and every action has a name', () => {
  for (const key of Object.keys(en)) {
    if (key.startsWith('reason.')) assert.ok(Object.hasOwn(en, key.replace('reason.', 'do.')), key);
    if (key.startsWith('action.')) assert.ok((ACTIONS as readonly string[]).includes(key.slice('action.'.length)), key);
  }
});

test('a reason that is not known is explained as another one', () => {
  assert.equal(explainedReason('client_secret_wrong'), 'client_secret_wrong');
  assert.equal(explainedReason('of_a_newer_server'), 'other');
  assert.equal(explainedReason('__proto__'), 'other');
  assert.equal(explainedReason('dpop_signature'), 'dpop_form');
});

test('every action belongs to an area', () => {
  assert.equal(areaOf('applications.import'), 'application');
  assert.equal(areaOf('admin.refused'), 'other');
  assert.equal(areaOf('key.rotate'), 'key');
});

test('the filter goes to the server without what is empty or no time', () => {
  const fields = fieldsOf(new URLSearchParams('actor=+7+&outcome=perhaps&from=2026-01-01T10:00&to=never&event=5'));
  assert.ok(isFiltered(fields));
  assert.ok(!isFiltered(NO_FILTER));
  const sent = serverFilter(fields);
  assert.equal(sent.actor, '7');
  assert.equal(sent.outcome, undefined);
  assert.equal(sent.from, new Date('2026-01-01T10:00').toISOString().replace('.000Z', 'Z'));
  assert.equal(sent.to, undefined);
});

test('browsers that call themselves by several names', () => {
  const chrome = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36';
  assert.deepEqual(programOf(chrome), { browser: 'Chrome', system: 'Linux' });
  assert.deepEqual(programOf(`${chrome} Edg/126.0`), { browser: 'Edge', system: 'Linux' });
  assert.deepEqual(programOf('Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1'), { browser: 'Safari', system: 'iOS' });
  assert.deepEqual(programOf(''), { browser: null, system: null });
});

test('an admin has all environments, others need one', () => {
  assert.deepEqual(normal({ role: 'admin', environments: ['sandbox'] }), { role: 'admin', environments: null });
  assert.ok(missesEnvironment({ role: 'developer', environments: [] }));
  assert.ok(!missesEnvironment({ role: 'auditor', environments: null }));
});
