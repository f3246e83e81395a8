// RFC 6761 6.3: names under localhost are loopback, whatever this machine's resolver thinks. Loaded with --require.
'use strict';
const dns = require('node:dns');

const lookup = dns.lookup;
dns.lookup = function (hostname, options, callback) {
  if (hostname !== 'localhost' && !String(hostname).endsWith('.localhost')) {
    return lookup.apply(dns, arguments);
  }
  const done = typeof options === 'function' ? options : callback;
  const all = typeof options === 'object' && options !== null && options.all;
  process.nextTick(() => (all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4)));
};

// Node 18 has the Web Crypto API, but not as a global.
if (!globalThis.crypto) {
  globalThis.crypto = require('node:crypto').webcrypto;
}
