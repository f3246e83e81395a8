// Runs the walks through the dashboard, one file after the other: `node run.mjs [NAME…]`. Each test is one line, "ok N - name" or
// "not ok N - name" with what went wrong below it; tools/run_tests.py counts them.
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { run } from 'node:test';
import { HERE, whatIsMissing } from './lib/ready.mjs';

// Of a file that hangs: no machine is as slow as this.
const LIMIT_MS = 1_800_000;

let number = 0;

function tell(good, name, why = '') {
  process.stdout.write(`${good ? 'ok' : 'not ok'} ${++number} - ${name.replace(/\s+/g, ' ')}\n`);
  if (why) process.stdout.write(`${why.replace(/^/gm, '    ')}\n`);
}

function reasonOf(details) {
  const error = details?.error;
  const cause = error?.cause instanceof Error ? error.cause : error;
  return `${cause?.stack ?? cause ?? 'failed'}`.slice(0, 12_000);
}

const wrong = whatIsMissing();
if (wrong) {
  tell(false, 'the suite can run', wrong);
  process.exit(1);
}
const names = process.argv.slice(2);
const files = readdirSync(HERE).filter((f) => f.endsWith('.test.mjs') && (!names.length || names.some((n) => f.includes(n)))).sort().map((f) => join(HERE, f));
let failed = files.length === 0;
const seen = new Set();
for (const file of files) {
  const title = basename(file, '.test.mjs');
  const started = Date.now();
  // A file of its own each time, so that each browser and server is gone before the next one comes.
  const stream = run({ files: [file], concurrency: false, timeout: LIMIT_MS });
  stream.on('test:pass', ({ name, details, skip }) => {
    if (details?.type === 'suite' || name.endsWith('.test.mjs') || skip) return;
    seen.add(title);
    tell(true, `${title}: ${name}`);
  });
  stream.on('test:fail', ({ name, details }) => {
    failed = true;
    // A file is reported as failed along with the test that failed in it; alone it means that nothing else could be reported.
    if (name.endsWith('.test.mjs') && seen.has(`${title} failed`)) return;
    seen.add(title).add(`${title} failed`);
    tell(false, `${title}: ${basename(name)}`, reasonOf(details));
  });
  stream.on('test:diagnostic', ({ message }) => /^(figure|note): /.test(message) && process.stdout.write(`# ${title}: ${message}\n`));
  stream.on('test:stdout', ({ message }) => process.stdout.write(message));
  stream.on('test:stderr', ({ message }) => process.stdout.write(message));
  await new Promise((resolve) => stream.on('end', resolve).resume());
  if (!seen.has(title)) {
    failed = true;
    tell(false, `${title}: it ran`, 'the file reported no test');
  }
  process.stdout.write(`# ${title}: ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
}
process.exitCode = failed ? 1 : 0;
