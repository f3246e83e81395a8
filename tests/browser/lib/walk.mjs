// The frame of a test file: a server and a browser for all its tests, and after each of them a console without complaints.
import { after, afterEach, before, test } from 'node:test';
import { Browser } from './browser.mjs';
import { Server } from './server.mjs';

/** Tests of one file are done one after the other, on one server. `prepare` fills it. */
export function walk(options, prepare = async () => {}) {
  const given = {};
  before(async () => {
    given.server = await Server.start(options);
    given.browser = await Browser.start(given.server);
    await prepare(given);
  });
  afterEach(() => given.browser?.settle());
  after(async () => {
    await given.browser?.stop();
    await given.server?.stop();
  });
  return given;
}

export { test };
