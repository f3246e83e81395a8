import assert from 'node:assert/strict';
import test from 'node:test';
import { ApiError, call, newIdempotencyKey, problemOf, setSessionRenewal } from '../src/api/client';

interface Sent {
  url: string;
  init: RequestInit;
}

/** Answers with each of `answers` in turn; gives what was asked. */
function server(...answers: (Response | Error)[]): Sent[] {
  const sent: Sent[] = [];
  globalThis.fetch = (url, init) => {
    sent.push({ url: String(url), init: init ?? {} });
    const answer = answers.shift();
    return answer instanceof Response ? Promise.resolve(answer) : Promise.reject(answer ?? new Error('no answer'));
  };
  return sent;
}

const problem = (status: number, body: object): Response => new Response(JSON.stringify(body), { status, headers: { 'Retry-After': '7' } });

test('a problem becomes an error with its type, fields, request and wait', async () => {
  server(problem(429, { type: 'urn:leanauth:problem:throttled', detail: 'Wait.', instance: 'r1', errors: [{ field: 'email', detail: 'no' }, 5] }));
  await assert.rejects(call('/x'), (e: ApiError) => {
    assert.deepEqual([e.type, e.status, e.detail, e.requestId, e.retryAfter], ['throttled', 429, 'Wait.', 'r1', 7]);
    assert.deepEqual(e.fields, [{ field: 'email', detail: 'no' }]);
    return true;
  });
});

test('an answer of somebody in between is an error, not a crash', async () => {
  server(new Response('<html>bad gateway</html>', { status: 502 }), new Response('not JSON'), new TypeError('network'));
  await assert.rejects(call('/x'), { type: 'unavailable' });
  await assert.rejects(call('/x'), { type: 'unexpected' });
  await assert.rejects(call('/x'), { type: 'unreachable', status: 0 });
  assert.equal(problemOf(404, [1], null).type, 'unexpected');
});

test('version and key go out as headers, and 204 has no body', async () => {
  const sent = server(new Response(null, { status: 204 }));
  assert.equal(await call('/a b', { method: 'PATCH', body: { n: 1 }, version: 3, idempotencyKey: 'k' }), undefined);
  const headers = sent[0]?.init.headers as Record<string, string>;
  assert.deepEqual([headers['If-Match'], headers['Idempotency-Key'], headers['Content-Type'], sent[0]?.init.body], ['"3"', 'k', 'application/json', '{"n":1}']);
});

test('after the session was renewed the same request goes out again, with the same key', async () => {
  const sent = server(problem(401, {}), new Response('{"ok":true}'));
  setSessionRenewal(() => Promise.resolve(true));
  assert.deepEqual(await call('/x', { method: 'POST', body: {}, idempotencyKey: 'k' }), { ok: true });
  assert.equal((sent[1]?.init.headers as Record<string, string>)['Idempotency-Key'], 'k');
  setSessionRenewal(() => Promise.resolve(false));
  server(problem(401, { type: 'urn:leanauth:problem:unauthenticated' }));
  await assert.rejects(call('/x'), { type: 'unauthenticated' });
});

test('signing in is not a session that ended', async () => {
  let asked = false;
  setSessionRenewal(() => {
    asked = true;
    return Promise.resolve(true);
  });
  server(problem(401, {}));
  await assert.rejects(call('/session', { signingIn: true }), { status: 401 });
  assert.equal(asked, false);
});

test('keys differ', () => {
  assert.notEqual(newIdempotencyKey(), newIdempotencyKey());
});
