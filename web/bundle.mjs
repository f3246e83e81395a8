// Bundles the dashboard: from web/src to the files that the server sends, named by their content.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join, resolve } from 'node:path';

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

function html({ boot, style, app, icon, preload, ar }) {
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
${preload.map((path) => `<link rel="modulepreload" href="${path}">\n`).join('')}<script type="module" src="${app}"></script>
<link rel="icon" href="${icon}" type="image/svg+xml">
</head>
<body>
<div id="app"></div>
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
    esbuild.build({ ...common, entryPoints: { app: 'src/main.tsx' }, outdir: 'assets', format: 'esm', splitting: true,
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

  const entry = Object.keys(app.metafile.outputs).find((name) => /\/app-[^/]*\.js$/.test(name));
  const named = (prefix) => files.find((f) => f.path.startsWith(`/assets/${prefix}-`)).path;
  // The largest first: over HTTP/1.1 a browser fetches six at a time.
  const size = (name) => app.metafile.outputs[name].bytes;
  const preload = [entry, ...staticImports(app.metafile, entry)].sort((a, b) => size(b) - size(a)).map((path) => `/assets/${basename(path)}`);
  const first = { boot: named('boot'), style: named('style'), app: `/assets/${basename(entry)}`, icon };
  files.unshift({ path: '/index.html', bytes: Buffer.from(html({ ...first, preload, ar: named('ar') })) });
  return { files, inputs, first: ['/index.html', ...new Set([...Object.values(first), ...preload])] };
}
