// Last touches to the built site, run by Trunk (Trunk.toml): a release's program is divided (tools/split) and optimised, the
// content security policy gets the hashes of the inline scripts, deep routes get their 404.html, and a release gets a Brotli
// and a gzip copy of each file that shrinks.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

import { optimise } from './optimise.mjs';
import { divide } from './split/split.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
// Functions that are alike stand together by their names, which compresses better.
const ORDER = ['--reorder-functions-by-name'];
const COMPRESSIBLE = /\.(html|js|mjs|css|svg|wasm|txt|json|webmanifest)$/;
// What is kept in the browser from the start: all but the copies of pages, and the fonts for what people type.
const NOT_KEPT = /^(sw\.js|index\.html|404\.html|fonts\/.*\.subset\..*)$/;
const dist = process.env.TRUNK_STAGING_DIR;
if (!dist) {
  console.error('finish: TRUNK_STAGING_DIR is not set: Trunk runs this script, start it with `make build`.');
  process.exit(1);
}

/** The program's two parts, optimised, under names with their hashes; the page with these names. */
function program(html) {
  const [bound] = /app-[0-9a-f]+_bg\.wasm/.exec(html);
  const linked = join(process.env.CARGO_TARGET_DIR ?? join(root, 'target'), 'wasm32-unknown-unknown/release/app.wasm');
  const wishes = readFileSync(join(root, 'tools/split/late.txt'), 'utf8');
  const { first, rest, told, unused } = divide(readFileSync(linked), readFileSync(join(dist, bound)), wishes);
  console.log(`finish: ${told}`);
  if (unused.length > 0) console.warn(`finish: tools/split/late.txt names what is not in the program: ${unused.join(', ')}`);
  rmSync(join(dist, bound));
  const written = (content, name) => {
    const file = join(root, 'target/site/part.wasm');
    writeFileSync(file, content);
    optimise(file, file, ORDER);
    const optimised = readFileSync(file);
    const path = name(createHash('sha256').update(optimised).digest('hex').slice(0, 16));
    writeFileSync(join(dist, path), optimised);
    return { path, size: optimised.length };
  };
  const { path, size } = written(first, (hash) => `app-${hash}_bg.wasm`);
  const { path: later } = written(rest, (hash) => `rest-${hash}.wasm`);
  const named = html.replace(new RegExp(`(${bound}['"], *)\\d+`), (_, before) => `${before}${size}`).replaceAll(bound, path);
  return named.replace(/<meta\b[^>]*\bname="?rest\b[^>]*>/, `<meta name="rest" content="${later}">`);
}

function page(html) {
  const inline = [...html.matchAll(/<script(?![^>]*\s(?:src=|type="?application\/json))[^>]*>([\s\S]*?)<\/script>/g)];
  const hashes = inline.map(([, code]) => `'sha256-${createHash('sha256').update(code).digest('base64')}'`);
  if (!html.includes('INLINE-SCRIPTS') || hashes.length < 2) {
    throw new Error('finish: index.html has no INLINE-SCRIPTS in its policy, or lost its inline scripts.');
  }
  return html.replace('INLINE-SCRIPTS', hashes.join(' '));
}

function compress(path) {
  const content = readFileSync(path);
  const brotli = brotliCompressSync(content, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: content.length },
  });
  if (brotli.length >= content.length) return;
  writeFileSync(`${path}.br`, brotli);
  writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
}

/** The service worker learns the files and, from what is in them, the version; the manifest the icon. */
function offline() {
  const entries = readdirSync(dist, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const files = entries.map((entry) => relative(dist, join(entry.parentPath, entry.name)).replaceAll('\\', '/')).sort();
  const kept = files.filter((file) => !NOT_KEPT.test(file));
  const manifest = join(dist, 'site.webmanifest');
  writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('ICON', files.find((file) => file.startsWith('favicon'))));
  const hash = createHash('sha256');
  for (const file of [...kept, 'index.html']) hash.update(file).update(readFileSync(join(dist, file)));
  const worker = readFileSync(join(dist, 'sw.js'), 'utf8');
  const version = hash.digest('hex').slice(0, 16);
  writeFileSync(join(dist, 'sw.js'), worker.replace('VERSION', version).replace('FILES = []', `FILES = ${JSON.stringify(['./', ...kept])}`));
}

const release = process.env.TRUNK_PROFILE === 'release';
const built = readFileSync(join(dist, 'index.html'), 'utf8');
const html = page(release ? program(built) : built);
writeFileSync(join(dist, 'index.html'), html);
writeFileSync(join(dist, '404.html'), html);
offline();
if (release) {
  for (const file of readdirSync(dist, { recursive: true })) {
    if (COMPRESSIBLE.test(file)) compress(join(dist, file));
  }
}
