// Last touches to the built site, run by Trunk (Trunk.toml): the content security policy gets the hashes of the inline
// scripts, deep routes get their 404.html, and a release gets a Brotli and a gzip copy of each file that shrinks.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const COMPRESSIBLE = /\.(html|js|mjs|css|svg|wasm|txt|json)$/;
const dist = process.env.TRUNK_STAGING_DIR;
if (!dist) {
  console.error('finish: TRUNK_STAGING_DIR is not set: Trunk runs this script, start it with `make build`.');
  process.exit(1);
}

function page() {
  const html = readFileSync(join(dist, 'index.html'), 'utf8');
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

const html = page();
writeFileSync(join(dist, 'index.html'), html);
writeFileSync(join(dist, '404.html'), html);
if (process.env.TRUNK_PROFILE === 'release') {
  for (const file of readdirSync(dist, { recursive: true })) {
    if (COMPRESSIBLE.test(file)) compress(join(dist, file));
  }
}
