// Compresses the dashboard's files and writes them as the one C source that src/server/routes/asset.h declares.
import { createHash } from 'node:crypto';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
};

function brotli(bytes) {
  return brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
    },
  });
}

/** Adds to a file {path, bytes} what the server sends with it. */
export function compress(file) {
  const smaller = (packed) => (packed.length < file.bytes.length ? packed : null);
  const extension = file.path.slice(file.path.lastIndexOf('.'));
  const type = TYPES[extension];
  if (!type) throw new Error(`${file.path}: no content type known for ${extension}`);
  return {
    ...file,
    type,
    etag: createHash('sha256').update(file.bytes).digest('hex').slice(0, 20),
    immutable: file.path.startsWith('/assets/'),
    gzip: smaller(gzipSync(file.bytes, { level: 9 })),
    brotli: smaller(brotli(file.bytes)),
  };
}

function array(name, bytes) {
  const lines = [];
  for (let i = 0; i < bytes.length; i += 32) lines.push(bytes.subarray(i, i + 32).join(','));
  return `static const unsigned char ${name}[] = {\n${lines.join(',\n')}};\n`;
}

/** The C source of compressed files. */
export function cSource(files) {
  const arrays = [];
  const rows = [];
  files.forEach((file, i) => {
    const part = (kind) => {
      const bytes = kind === 'identity' ? file.bytes : file[kind];
      if (bytes) arrays.push(array(`${kind}_${i}`, bytes));
      return bytes ? [`${kind}_${i}`, bytes.length] : ['NULL', 0];
    };
    const [identity, gzip, br] = [part('identity'), part('gzip'), part('brotli')];
    rows.push(
      `    {${JSON.stringify(file.path)}, ${JSON.stringify(file.type)}, "\\"${file.etag}\\"", ${file.immutable},\n` +
        `     ${identity[0]}, ${gzip[0]}, ${br[0]}, ${identity[1]}, ${gzip[1]}, ${br[1]}},\n`,
    );
  });
  return (
    '/* Made by web/build.mjs. */\n#include "server/routes/asset.h"\n\n' +
    `${arrays.join('\n')}\nconst la_asset la_assets[] = {\n${rows.join('')}};\n` +
    `const unsigned la_assets_count = ${files.length};\n`
  );
}
