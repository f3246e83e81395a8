// What the walks cannot do without: a binary with the dashboard in it, and the packages of the lock file.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const HERE = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const BINARY = process.env.LEANAUTH_BIN ?? join(HERE, '../../build/leanauth');

function obstacle() {
  if (!existsSync(BINARY)) return `there is no binary at ${BINARY}`;
  const note = join(dirname(BINARY), 'web', 'without-dashboard.txt');
  if (existsSync(note)) return `the dashboard cannot be tested: ${readFileSync(note, 'utf8').trim()}`;
  return null;
}

/** npm ci, unless it was done for this lock file. */
function install() {
  const lock = readFileSync(join(HERE, 'package-lock.json'), 'utf8');
  const stamp = join(HERE, 'node_modules', '.installed-lock.json');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return null;
  const done = spawnSync('npm', ['ci', '--no-progress', '--prefer-offline'], { cwd: HERE, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  if (done.status !== 0) return `npm ci failed, is the npm registry out of reach? ${`${done.stderr ?? ''}`.trim().slice(-400)}`;
  writeFileSync(stamp, lock);
  return null;
}

/** A sentence that says what keeps them from running; nothing where all is there. Packages are fetched here. */
export const whatIsMissing = () => obstacle() ?? install();
