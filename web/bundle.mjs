// Bundles the dashboard: from web/src to the files that the server sends, named by their content.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join, resolve } from 'node:path';

const ENTRY = 'src/main.tsx';
// Every evergreen browser of the last years; nothing older can show the dialogs and the layout.
const TARGET = ['chrome109', 'firefox115', 'safari16.4'];

/** esbuild, from the packages in `modules`. */
export function loadEsbuild(modules) {
  return createRequire(join(modules, 'loader.cjs'))('esbuild');
}

export function options(web, modules) {
  return {
    absWorkingDir: web,
    nodePaths: [modules],
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    charset: 'utf8',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    logLevel: 'warning',
    target: TARGET,
    loader: { '.svg': 'text' },
  };
}

// Each file of a further page imports the entry, so that what they share with it stays in one file: cut by who uses what, it came in
// six, each of which costs a slow phone a request.
const together = {
  name: 'together',
  setup(build) {
    const later = new Set();
    build.onResolve({ filter: /^\./ }, async ({ path, kind, pluginData, ...rest }) => {
      if (kind !== 'dynamic-import' || pluginData === together) return undefined;
      const found = await build.resolve(path, { ...rest, kind, pluginData: together });
      later.add(found.path);
      return found;
    });
    build.onLoad({ filter: /\.tsx?$/ }, ({ path }) => {
      if (!later.has(path)) return undefined;
      const entry = join(build.initialOptions.absWorkingDir, ENTRY);
      return { contents: `${readFileSync(path, 'utf8')}\nimport ${JSON.stringify(entry)};\n`, loader: path.endsWith('x') ? 'tsx' : 'ts' };
    });
  },
};

// What the page needs before it can show anything: the entry's own imports, so that the browser asks for all at once.
function staticImports(metafile, entry) {
  const found = new Set();
  const visit = (name) => {
    for (const i of metafile.outputs[name].imports) {
      if (i.kind === 'import-statement' && !found.has(i.path)) {
        found.add(i.path);
        visit(i.path);
      }
    }
  };
  visit(entry);
  return [...found];
}

function html({ boot, style, app, icon, ar }) {
  return `<!doctype html>
<html lang="en" dir="ltr" data-ar="${ar}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>leanauth</title>
<script src="${boot}"></script>
<link rel="stylesheet" href="${style}">
<script type="module" src="${app}"></script>
<link rel="icon" href="${icon}" type="image/svg+xml">
</head>
<body>
<leanauth-app id="app"></leanauth-app>
<noscript>The leanauth dashboard needs JavaScript. Everything that it does can be done with the admin API at /admin/v1 and with the leanauth command, too.</noscript>
</body>
</html>
`;
}

// The licenses of what is bundled ask to be passed on with it.
function licenses(modules, inputs) {
  const names = new Set(inputs.map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]).filter(Boolean));
  return [...names].sort().map((name) => {
    const { version } = JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8'));
    const file = ['LICENSE', 'LICENSE.md', 'LICENSE.txt'].map((f) => join(modules, name, f)).find(existsSync);
    if (!file) throw new Error(`${name}: no license file to pass on`);
    return `${name} ${version}\n\n${readFileSync(file, 'utf8').trim()}\n`;
  }).join('\n----\n\n');
}

/** Bundles. Gives {files: [{path, bytes}], inputs: absolute paths of all that was read, first: paths of the first page}. */
export async function bundle(web, modules) {
  const esbuild = loadEsbuild(modules);
  const common = options(web, modules);
  const [app, boot, style] = await Promise.all([
    esbuild.build({ ...common, entryPoints: { app: ENTRY }, plugins: [together], outdir: 'assets', format: 'esm', splitting: true,
      entryNames: '[name]-[hash]', chunkNames: '[name]-[hash]' }),
    esbuild.build({ ...common, entryPoints: { boot: 'src/boot.ts' }, outdir: 'assets', format: 'iife', entryNames: '[name]-[hash]' }),
    esbuild.build({ ...common, entryPoints: { style: 'src/styles/style.css' }, outdir: 'assets', entryNames: '[name]-[hash]' }),
  ]);
  const results = [app, boot, style];
  const files = results.flatMap((r) => r.outputFiles.map((f) => ({ path: `/assets/${basename(f.path)}`, bytes: Buffer.from(f.contents) })));
  const inputs = results.flatMap((r) => Object.keys(r.metafile.inputs)).map((path) => resolve(web, path));
  const add = (name, extension, bytes) => {
    const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 8);
    const path = `/assets/${name}-${hash}${extension}`;
    files.push({ path, bytes });
    return path;
  };
  const iconFile = join(web, 'src/icon.svg');
  inputs.push(iconFile);
  const icon = add('icon', '.svg', readFileSync(iconFile));
  files.push({ path: '/assets/licenses.txt', bytes: Buffer.from(licenses(modules, inputs)) });

  // What is left of the entry itself only imports the file that all share: the page asks for that one.
  const [entry] = staticImports(app.metafile, Object.keys(app.metafile.outputs).find((name) => /\/app-[^/]*\.js$/.test(name)));
  const named = (prefix) => files.find((f) => f.path.startsWith(`/assets/${prefix}-`)).path;
  if (!entry || staticImports(app.metafile, entry).length) throw new Error('the first page needs more than one file of modules');
  const first = { boot: named('boot'), style: named('style'), app: `/assets/${basename(entry)}`, icon };
  files.unshift({ path: '/index.html', bytes: Buffer.from(html({ ...first, ar: named('ar') })) });
  return { files, inputs, first: ['/index.html', ...Object.values(first)] };
}
