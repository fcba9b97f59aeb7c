// Makes what the page needs beside the app: the editor bundle, the style sheet, the fonts and the texts, in
// target/site.
// Trunk runs it before each build (Trunk.toml); index.html takes the results from there.
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import subsetFont from 'subset-font';
import { outlines } from './outlines.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const out = join(root, 'target/site');
const packages = join(root, 'node_modules');

// Every character that the interface can show at once; what people type beyond it comes from the fonts loaded later.
const TEXT_FILES = ['index.html', ...filesIn('assets/locales', '.ftl')];
const ASCII = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join('');
const SIGNS = '·…–—‘’“”→←↔×≠≤≥±°•';
// The weights that the styles use; a shorter axis is a smaller file.
const WEIGHTS = { wght: { min: 400, max: 700 } };
// A name is shown in its own letters: no ligatures, which would make `×` of the `x` in `2x9`, and an arrow of `->`.
const FEATURES = ['ccmp', 'kern', 'locl', 'mark', 'mkmk', 'tnum'];
// What only the program's late part reads (tools/split/late.txt) comes with it.
const LATE_TEXTS = [
  ...['autoscaler', 'metrics-server', 'prometheus-adapter', 'storage'].map((name) => `examples/${name}.yaml`),
  ...['go-structs', 'timezones'].map((name) => `schema/${name}.txt`),
];
const HANGUL = 'U+1100-11FF,U+3130-318F,U+AC00-D7A3';

function filesIn(folder, ending) {
  const path = join(root, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path, { recursive: true }).filter((f) => f.endsWith(ending)).map((f) => join(folder, f));
}

function write(name, content) {
  const path = join(out, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

/** Writes a font under a name with its content's hash, so that browsers may keep it for ever; returns its address. */
function writeFont(name, content) {
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 12);
  const path = `fonts/${name}-${hash}.woff2`;
  write(path, content);
  return path;
}

const fontFace = (family, url, extra = '') =>
  `@font-face{font-family:"${family}";src:url(${url}) format("woff2");font-weight:400 700;font-display:swap;${extra}}\n`;

/** The fonts of the first load, and the outlines of their letters for what is exported. */
async function firstFonts() {
  const text = TEXT_FILES.map((file) => readFileSync(join(root, file), 'utf8')).join('');
  const characters = [...new Set(ASCII + SIGNS + text.normalize('NFC'))].filter((c) => c >= ' ').sort().join('');
  const options = { targetFormat: 'woff2', variationAxes: WEIGHTS, keepFeatures: FEATURES };
  const sans = readFileSync(join(packages, 'pretendard/dist/web/variable/woff2/PretendardVariable.woff2'));
  const mono = readFileSync(join(packages, '@fontsource-variable/jetbrains-mono/files/jetbrains-mono-latin-wght-normal.woff2'));
  const plain = await subsetFont(sans, characters, { ...options, targetFormat: 'truetype' });
  // Sentences, labels, and the letters of the drawings.
  write('fonts/outlines.json', outlines(plain, { 500: characters, 600: characters, 650: ASCII + SIGNS }, ASCII + SIGNS));
  return {
    sans: writeFont('pretendard', await subsetFont(sans, characters, options)),
    mono: writeFont('jetbrains-mono', await subsetFont(mono, ASCII + SIGNS, options)),
  };
}

/** The fonts for what people type: fetched piece by piece, only when such a character is on the page. */
function laterFonts() {
  const source = join(packages, 'pretendard/dist/web/variable');
  const css = readFileSync(join(source, 'pretendardvariable-dynamic-subset.css'), 'utf8');
  let rest = '';
  for (const [block] of css.matchAll(/@font-face\s*\{[^}]*\}/g)) {
    const file = basename(/url\(['"]?([^'")]*)/.exec(block)[1]);
    const range = /unicode-range:\s*([^;}]*)/.exec(block)[1].replace(/\s+/g, '');
    const path = writeFont(file.replace(/\.woff2$/, ''), readFileSync(join(source, 'woff2-dynamic-subset', file)));
    rest += fontFace('Pretendard Rest', basename(path), `unicode-range:${range}`);
  }
  const wide = writeFont('d2coding', readFileSync(join(packages, 'd2coding/fonts/d2coding-subset.woff2')));
  rest += fontFace('D2Coding', basename(wide), `unicode-range:${HANGUL}`);
  write('fonts/later.css', rest);
}

async function styles(fonts) {
  const faces = fontFace('Pretendard', fonts.sans) + fontFace('JetBrains Mono', fonts.mono);
  const bundled = await build({
    entryPoints: [join(root, 'assets/styles/index.css')],
    bundle: true,
    minify: true,
    write: false,
    external: ['fonts/*'],
    logLevel: 'error',
  });
  write('app.css', faces + bundled.outputFiles[0].text);
  write('head.html', `<link rel="preload" href="${fonts.sans}" as="font" type="font/woff2" crossorigin>\n`);
}

async function editor() {
  await build({
    entryPoints: [join(root, 'assets/editor/editor.js')],
    outfile: join(out, 'editor.js'),
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    legalComments: 'eof',
    logLevel: 'error',
  });
}

/** The program's texts (build.rs has the same folders), as data in the page: the program is smaller without them. */
function texts() {
  const files = [...filesIn('assets/examples', '.yaml'), ...filesIn('assets/locales', '.ftl'), ...filesIn('assets/rbac', '.txt'), ...filesIn('assets/schema', '.txt')];
  const named = files.map((file) => [file.replaceAll('\\', '/').replace('assets/', ''), readFileSync(join(root, file), 'utf8')]);
  const json = (of) => JSON.stringify(Object.fromEntries(of)).replaceAll('<', '\\u003c');
  const isLate = ([name]) => LATE_TEXTS.includes(name);
  write('texts.html', `<script type="application/json" id="texts">${json(named.filter((text) => !isLate(text)))}</script>\n`);
  write('later.json', json(named.filter(isLate)));
}

/** The Open Font License wants to travel with the fonts. */
function licences() {
  const from = { pretendard: 'pretendard/dist/LICENSE.txt', 'jetbrains-mono': '@fontsource-variable/jetbrains-mono/LICENSE' };
  for (const [name, path] of Object.entries(from)) {
    mkdirSync(join(out, 'fonts'), { recursive: true });
    cpSync(join(packages, path), join(out, `fonts/${name}.LICENSE.txt`));
  }
  write('fonts/d2coding.LICENSE.txt', 'D2Coding: Copyright (c) 2015 NAVER Corporation, with Reserved Font Name D2Coding.\nSIL Open Font License, Version 1.1: see pretendard.LICENSE.txt for its text.\n');
}

rmSync(join(out, 'fonts'), { recursive: true, force: true });
laterFonts();
licences();
texts();
await Promise.all([firstFonts().then(styles), editor()]);
console.log('assets: editor, styles, fonts and texts are in target/site');
