// Reports what the first load of the site in dist/ costs (Brotli) and says when it is over the budget; with --strict it
// then fails.
// Usage: node tools/budget.mjs [--dir dist] [--strict]
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const KB = 1000;
const BUDGET = [
  { what: 'Wasm', limit: 900 * KB, holds: (file) => file.endsWith('.wasm') },
  { what: 'fonts', limit: 150 * KB, holds: (file) => file.endsWith('.woff2') },
  { what: 'HTML, CSS, JS', limit: 80 * KB, holds: (file) => /\.(html|css|js|mjs|svg)$/.test(file) },
];
const TOTAL = 1200 * KB;

const { values } = parseArgs({ options: { dir: { type: 'string', default: 'dist' }, strict: { type: 'boolean', default: false } } });

/** What a browser fetches for the first page: the page itself, all that it names, and what the style sheet's fonts need. */
function firstLoad(dir) {
  const all = readdirSync(dir, { recursive: true }).map((file) => file.replaceAll('\\', '/'));
  const named = (text) => all.filter((file) => !/\.(br|gz)$/.test(file) && text.includes(file));
  const html = readFileSync(join(dir, 'index.html'), 'utf8');
  const files = new Set(['index.html', ...named(html)]);
  for (const css of [...files].filter((file) => file.endsWith('.css'))) {
    for (const file of named(readFileSync(join(dir, css), 'utf8'))) files.add(file);
  }
  // These are named in the page, and fetched after the first picture: the harbour stands, and may be looked at.
  const later = all.filter((file) => /^(editor\.js|later\.json|rest-[0-9a-f]+\.wasm)$/.test(file));
  for (const file of [...later, 'fonts/later.css', '404.html']) files.delete(file);
  return { files: [...files], later };
}

/** Bytes on the wire; files without a compressed copy are compressed already. */
function transferred(dir, file) {
  return (statSync(join(dir, `${file}.br`), { throwIfNoEntry: false }) ?? statSync(join(dir, file))).size;
}

const kilobytes = (bytes) => `${(bytes / KB).toFixed(1)} KB`;
const rows = [];
let over = 0;
function row(what, bytes, limit) {
  if (bytes > limit) over += 1;
  rows.push(`  ${what.padEnd(16)}${kilobytes(bytes).padStart(12)}  of ${kilobytes(limit).padStart(10)}${bytes > limit ? '  OVER' : ''}`);
}

const { files, later } = firstLoad(values.dir);
const sizes = new Map(files.map((file) => [file, transferred(values.dir, file)]));
const sum = (chosen) => chosen.reduce((bytes, file) => bytes + sizes.get(file), 0);
for (const { what, limit, holds } of BUDGET) row(what, sum(files.filter(holds)), limit);
row('in all', sum(files), TOTAL);

console.log(`build: the first load, Brotli\n${rows.join('\n')}`);
const afterwards = later.map((file) => `${kilobytes(transferred(values.dir, file))} ${file.replace(/-[0-9a-f]+/, '')}`);
console.log(`  afterwards, as soon as the harbour stands: ${afterwards.join(', ')}`);
if (over) {
  for (const [file, size] of [...sizes].sort((a, b) => b[1] - a[1])) console.log(`    ${kilobytes(size).padStart(10)}  ${file}`);
  console.error('build: the first load is over its budget: see the files above.');
  if (values.strict) process.exit(1);
}
