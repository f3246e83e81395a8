// Builds the dashboard. What for is the first argument:
//   c --out FILE --depfile FILE --work FOLDER --note FILE --optional|--required   for Meson: one C source
//   bundle --out FOLDER                                                           the files as they are, to look at
//   test [NAME…]                                                                  the unit tests
//   verify --work FOLDER                                                          types and unit tests, in a folder of their own
// The packages come from `npm ci` in the work folder, so that nothing is written next to the sources; `bundle` and `test` use
// those of web/node_modules (npm ci there first).
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle, loadEsbuild, options } from './bundle.mjs';
import { compress, cSource } from './c_source.mjs';

const WEB = dirname(fileURLToPath(import.meta.url));
const MANIFEST = ['package.json', 'package-lock.json', '.npmrc'];

class NoPackages extends Error {}

/** Runs npm ci in `work` unless it has run there for the same lock file. Gives the folder of the packages. */
function packages(work, { dev }) {
  mkdirSync(work, { recursive: true });
  const hash = createHash('sha256');
  for (const name of MANIFEST) hash.update(readFileSync(join(WEB, name)));
  const wanted = `${hash.digest('hex')} ${dev ? 'all' : 'production'} ${process.version}`;
  const stamp = join(work, 'installed');
  const modules = join(work, 'node_modules');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted && existsSync(modules)) return modules;
  rmSync(stamp, { force: true });
  for (const name of MANIFEST) copyFileSync(join(WEB, name), join(work, name));
  // One retry, quickly: without a network this is to be found out in seconds.
  const done = spawnSync('npm', ['ci', '--no-progress', '--prefer-offline', '--fetch-retries=1', '--fetch-retry-mintimeout=1000',
    ...(dev ? [] : ['--omit=dev'])], { cwd: work, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  if (done.status !== 0) {
    const told = `${done.stderr ?? ''}${done.stdout ?? ''}`.trim();
    const why = /npm (?:error|ERR!) code (\S+)/.exec(told)?.[1] ?? done.error?.code ?? `exit status ${done.status}`;
    process.stderr.write(`${told}\n`);
    throw new NoPackages(`npm ci failed (${why})`);
  }
  writeFileSync(stamp, wanted);
  return modules;
}

async function buildC(args) {
  rmSync(args.note, { force: true });
  let modules;
  try {
    modules = packages(args.work, { dev: false });
  } catch (e) {
    if (args.required || !(e instanceof NoPackages)) throw e;
    const note = `built without the dashboard: ${e.message}; it is tried again at the next ./dev build`;
    writeFileSync(args.note, `${note}\n`);
    writeFileSync(args.depfile, '');
    copyFileSync(join(WEB, 'no_dashboard.c'), args.out);
    process.stdout.write(`${note}\n`);
    return;
  }
  const { files, inputs } = await bundle(WEB, modules);
  writeFileSync(args.out, cSource(files.map(compress)));
  const escaped = (path) => path.replace(/[ #]/g, '\\$&').replace(/\$/g, '$$$$');
  writeFileSync(args.depfile, `${escaped(args.out)}: ${[...new Set(inputs)].map(escaped).join(' ')}\n`);
}

async function buildFolder(args) {
  const { files, first } = await bundle(WEB, join(WEB, 'node_modules'));
  rmSync(args.out, { recursive: true, force: true });
  let total = 0;
  for (const file of files.map(compress)) {
    const path = join(args.out, file.path);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, file.bytes);
    const size = file.brotli?.length ?? file.bytes.length;
    const isFirst = first.includes(file.path);
    if (isFirst) total += size;
    process.stdout.write(`${isFirst ? '*' : ' '} ${String(file.bytes.length).padStart(8)} ${String(size).padStart(7)}  ${file.path}\n`);
  }
  process.stdout.write(`  first page (*), compressed: ${total} bytes\n`);
}

/** Bundles test/*.test.ts with what they test, and runs them with Node's own runner. Gives its exit status. */
async function runTests(web, modules, out, names) {
  const entryPoints = readdirSync(join(web, 'test')).filter((f) => f.endsWith('.test.ts') && (!names.length || names.some((n) => f.includes(n))))
    .map((f) => join('test', f));
  rmSync(out, { recursive: true, force: true });
  await loadEsbuild(modules).build({ ...options(web, modules), entryPoints, outdir: out, outExtension: { '.js': '.mjs' }, format: 'esm',
    platform: 'node', target: 'node18', minify: false, write: true, metafile: false });
  const programs = readdirSync(out).filter((f) => f.endsWith('.mjs')).map((f) => join(out, f));
  return spawnSync(process.execPath, ['--test', '--test-reporter=tap', ...programs], { stdio: 'inherit' }).status ?? 1;
}

/** Types and unit tests in the work folder: the compiler looks for packages next to what it reads. */
async function verify(args) {
  const modules = packages(args.work, { dev: true });
  for (const name of ['src', 'test', 'tsconfig.json']) {
    rmSync(join(args.work, name), { recursive: true, force: true });
    cpSync(join(WEB, name), join(args.work, name), { recursive: true });
  }
  for (const project of ['.', 'test']) {
    const { status } = spawnSync(process.execPath, [join(modules, 'typescript/bin/tsc'), '--noEmit', '-p', project],
      { cwd: args.work, stdio: 'inherit' });
    if (status !== 0) return status ?? 1;
  }
  return runTests(args.work, modules, join(args.work, 'tests'), []);
}

function parse(words) {
  const args = { names: [] };
  for (let i = 0; i < words.length; i++) {
    const name = words[i].replace(/^--/, '');
    if (name === words[i]) args.names.push(name);
    else if (name === 'required' || name === 'optional') args[name] = true;
    else if (name === 'depfile' || name === 'out') args[name] = words[++i];
    else args[name] = resolve(words[++i]);
  }
  return args;
}

const [command, ...rest] = process.argv.slice(2);
const args = parse(rest);
const web = join(WEB, 'node_modules');
const commands = {
  c: () => buildC(args),
  bundle: () => buildFolder({ out: resolve(args.out ?? join(WEB, 'dist')) }),
  test: () => runTests(WEB, web, join(WEB, 'dist-test'), args.names),
  verify: () => verify(args),
};
if (!Object.hasOwn(commands, command ?? '')) {
  process.stderr.write('usage: node build.mjs c|bundle|test|verify …\n');
  process.exit(2);
}
process.exitCode = (await commands[command]()) ?? 0;
