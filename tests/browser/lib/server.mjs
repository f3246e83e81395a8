// A server of its own for a test file: the real binary, in a folder of its own, on free ports, with the demo's three environments.
import { execFile, spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import '../../interop/localhost.cjs';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
const BINARY = resolve(process.env.LEANAUTH_BIN ?? join(ROOT, 'build/leanauth'));
const run = promisify(execFile);

export const SANDBOX = 'sandbox-uae';
export const OTHER_SANDBOX = 'sandbox-ksa';
export const PRODUCTION = 'production';
export const PASSWORD = 'many quiet rivers run north';

export function freePort() {
  return new Promise((done, failed) => {
    const probe = createServer();
    probe.on('error', failed).listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}

/** Asks until the answer is true and gives it; fails after a generous while. */
export async function poll(question, what, seconds = 60) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await question();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s`);
    await new Promise((again) => setTimeout(again, 50));
  }
}

export class Server {
  #process = null;
  #ended = null;

  /** `config`: changes the text of leanauth.yaml before each attempt to start. */
  static async start(options = {}) {
    for (let left = 3; ; left--) {
      try {
        return await Server.#startOnce(options);
      } catch (e) {
        // A port that was free may have been taken by somebody else meanwhile.
        if (left === 0 || !/in use/i.test(e.message)) throw e;
      }
    }
  }

  static async #startOnce({ config = (text) => text, requireTotp = false }) {
    const server = new Server();
    server.home = mkdtempSync(join(tmpdir(), 'leanauth-browser-'));
    server.port = await freePort();
    server.adminPort = await freePort();
    server.origin = `http://localhost:${server.adminPort}`;
    const { stdout } = await server.cli('init', '--demo', '--home', server.home, '--port', server.port, '--admin-port', server.adminPort);
    server.firstPassword = /^ *password +(\S+)/m.exec(stdout)[1];
    server.demo = JSON.parse(readFileSync(join(server.home, 'demo.json'), 'utf8'));
    const path = join(server.home, 'leanauth.yaml');
    const text = readFileSync(path, 'utf8').replace('require_totp: false', `require_totp: ${requireTotp}`);
    // Nobody waits for what is otherwise written every ten or thirty seconds.
    writeFileSync(path, await config(`${text}usage: {flush_s: 1}\nstore: {last_used_flush_s: 1}\nlimits: {failed_auth_per_minute: 0, failed_auth_per_address_per_minute: 0}\n`));
    await server.serve();
    return server;
  }

  /** `attempts`: where another one has its port for a moment. */
  async serve(attempts = 1) {
    for (let left = attempts - 1; ; left--) {
      try {
        return await this.#serveOnce();
      } catch (e) {
        if (left === 0 || !/in use/i.test(e.message)) throw e;
        await new Promise((again) => setTimeout(again, 500));
      }
    }
  }

  async #serveOnce() {
    const log = createWriteStream(join(this.home, 'serve.log'), { flags: 'a' });
    await new Promise((open) => log.on('open', open));
    this.#process = spawn(BINARY, ['serve', '--config', join(this.home, 'leanauth.yaml')], { stdio: ['ignore', log, log], env: this.#environment() });
    // Whatever becomes of the tests, it does not outlive them.
    const served = this.#process;
    process.once('exit', () => served.kill('SIGKILL'));
    this.#ended = new Promise((done) => this.#process.on('exit', (status, signal) => done(signal ?? status)));
    await poll(() => this.isReady(), 'the server is ready');
    const page = await (await fetch(this.origin)).text();
    if (!page.includes('/assets/')) throw new Error('the binary was built without the dashboard');
  }

  async isReady() {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) throw new Error(`the server ended: ${this.log().slice(-2000)}`);
    return fetch(`${this.origin}/readyz`).then((answer) => answer.ok, () => false);
  }

  log() {
    return readFileSync(join(this.home, 'serve.log'), 'utf8');
  }

  /** Ends it as an operator does. */
  async end() {
    if (this.#process?.exitCode === null) this.#process.kill('SIGTERM');
    const end = await this.#ended;
    if (end !== 0) throw new Error(`the server ended with ${end}: ${this.log().slice(-2000)}`);
  }

  /** For good, with all that it has; and no secret is in its log. */
  async stop() {
    await this.end();
    const log = this.log();
    rmSync(this.home, { recursive: true, force: true });
    const leak = /las_(?:live|test)_[0-9A-Za-z]{20,}|eyJ[\w-]+\.[\w-]+\.[\w-]{43,}/.exec(log);
    if (leak) throw new Error(`the log holds ${leak[0].slice(0, 20)}…`);
  }

  #environment() {
    const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('LEANAUTH_') && !/proxy/i.test(name));
    return Object.fromEntries(kept);
  }

  async cli(...words) {
    return this.cliWith('', ...words);
  }

  cliWith(input, ...words) {
    const pending = run(BINARY, words.map(String), { env: { ...this.#environment(), LEANAUTH_CONFIG: join(this.home, 'leanauth.yaml') } });
    // A command that reads no input may have ended before its input does: its exit status is what counts, not the broken pipe.
    pending.child.stdin.on('error', (error) => {
      if (error.code !== 'EPIPE') throw error;
    });
    pending.child.stdin.end(input);
    return pending;
  }

  async json(...words) {
    return JSON.parse((await this.cli(...words, '--json')).stdout);
  }

  demoApplication(environment) {
    return this.demo.environments.find((e) => e.name === environment);
  }

  async createApplication(environment, name, ...more) {
    return this.json('app', 'create', '--environment', environment, '--name', name, ...more);
  }

  /** An operator with a password that need not be changed. `environments`: none for all. */
  async addOperator(email, role, environments = [], name = undefined) {
    const where = role === 'admin' ? [] : environments.length ? environments.flatMap((e) => ['--environment', e]) : ['--all-environments'];
    await this.cliWith(`${PASSWORD}\n`, 'operator', 'add', email, '--role', role, ...where, ...(name ? ['--name', name] : []), '--password-stdin');
    return { email, password: PASSWORD };
  }

  hasStore() {
    return existsSync(join(this.home, 'leanauth.db'));
  }

  /** Takes the database away as a lost disk would, or brings it back. */
  moveStore(away) {
    const shelf = join(this.home, 'away');
    if (!existsSync(shelf)) mkdirSync(shelf);
    const [from, to] = away ? [this.home, shelf] : [shelf, this.home];
    for (const name of readdirSync(from).filter((n) => n.startsWith('leanauth.db'))) renameSync(join(from, name), join(to, name));
  }
}

/** What an authenticator app shows for a secret: `steps` of 30 seconds from now. */
export async function totp(secret, steps = 0) {
  const at = new Date(Date.now() + steps * 30_000).toISOString().replace('T', ' ').replace(/\..*/, ' UTC');
  const { stdout } = await run('oathtool', ['--totp', '--base32', '--now', at, secret.replace(/\s/g, '')]);
  return stdout.trim();
}
