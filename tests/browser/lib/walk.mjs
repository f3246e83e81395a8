// The frame of a test file: a server and a browser for all its tests, and after each of them a console without complaints.
import { after, afterEach, before, test as testAs } from 'node:test';
import { Browser } from './browser.mjs';
import { Server } from './server.mjs';

// Of the file that is run: each has a process of its own.
const given = {};

/** Tests of one file are done one after the other, on one server. `prepare` fills it. */
export function walk(options, prepare = async () => {}) {
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

/** A test; where it fails, why ends with what the pages were like. */
export function test(name, act) {
  testAs(name, async (context) => {
    try {
      await act(context);
    } catch (error) {
      const pages = await given.browser?.tell().catch((e) => `the pages cannot be told: ${e}`);
      if (pages && error instanceof Error) error.stack = `${error.stack}\n${pages}`;
      throw error;
    }
  });
}
