// Tells what the first part of the program holds though a settled harbour does not use it, and what late.txt names though it
// does. Counts calls in Chromium, in a copy of the released site with a program that notes which functions run, while
// somebody looks around: whoever changes late.txt begins here. Not a part of the build.
// Usage: make build && node tools/split/unused.mjs [--least BYTES]
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { open, start, VIEWPORTS } from '../../tests/browser/rig.mjs';
import { list, Reader, section, sized, text, u32 } from './binary.mjs';
import { parse } from './module.mjs';
import { demangle, meaning, plan } from './plan.mjs';
import { references } from './relocations.mjs';

const { values } = parseArgs({ options: { least: { type: 'string', default: '600' } } });
const SITE = 'target/unused-site';
const PAGE = 1 << 16;
const linked = join(process.env.CARGO_TARGET_DIR ?? 'target', 'wasm32-unknown-unknown/release/app.wasm');

/** The module, with a note in memory for each function that ran: one byte each, in pages that nobody else knows. */
function noting(module) {
  const limits = new Reader(module.memory[0]);
  const has = limits.byte();
  const pages = limits.u32();
  const [base, more] = [pages * PAGE, Math.ceil(module.bodies.length / PAGE)];
  const bodies = module.bodies.map(({ start: from, end }, i) => {
    const reader = new Reader(module.bytes, from);
    reader.list(() => (reader.number(), reader.number()));
    const note = [0x41, 0, 0x41, 1, 0x3a, 0, ...u32(base + i)]; // i32.store8 of 1
    return sized(Buffer.concat([module.bytes.subarray(from, reader.at), Buffer.from(note), module.bytes.subarray(reader.at, end)]));
  });
  const made = { 5: () => list([[has, ...u32(pages + more), ...module.memory[0].subarray(limits.at)]]), 10: () => list(bodies) };
  const same = ({ id, name, start: from, end }) => Buffer.concat([...(id === 0 ? [text(name)] : []), module.bytes.subarray(from, end)]);
  const kept = module.sections.filter(({ id, name }) => id !== 0 || name === 'target_features');
  return { base, bytes: Buffer.concat([module.bytes.subarray(0, 8), ...kept.map((one) => section(one.id, made[one.id]?.() ?? same(one)))]) };
}

/** Looks around as one can while the rest of the program is missing. */
async function lookAround(page) {
  const click = async (where) => {
    if (await where.isVisible()) await where.click();
    await page.waitForTimeout(150);
  };
  await page.evaluate(() => ['hash', 'view', 'displayList', 'frames'].map((name) => window.__bottle[name]()));
  for (const tab of ['events', 'requests', 'timeline', 'transcript', 'inspector', 'guide', 'manifest']) await click(page.getByTestId(`tab-${tab}`));
  for (const turn of ['language', 'theme', 'language', 'theme']) await click(page.getByTestId(turn));
  for (let x = 50; x < 1400; x += 25) for (const y of [120, 200, 280, 360, 430]) await page.mouse.move(x, y);
  for (const far of [-300, -1500, 3000]) {
    await page.mouse.wheel(0, far);
    await page.waitForTimeout(300);
  }
  for (const button of await page.locator('.camera button').all()) await click(button);
  for (const size of [...Object.values(VIEWPORTS), VIEWPORTS['1440x900']]) {
    await page.setViewportSize(size);
    await page.waitForTimeout(250);
  }
  await click(page.getByTestId('tab-manifest'));
  const editor = page.locator('[data-testid=manifest-editor] .cm-content');
  for (const manifest of ['a: [', 'a: &x 1\nb: *x\na: 2\n---\n? x\n: "\\u00e9"\nc: |\n  t\nd: >-\n  v\n', '{"a": [true, null, 1.5e3]}', '\ta: b', 'a: 010\nb: .inf\nc: !!str 1\n<<: *z']) {
    await editor.fill(manifest);
    await page.waitForTimeout(400);
  }
}

/** The functions that ran, by their place among the bodies. */
async function ran(base, count) {
  const rig = await start({ dir: SITE });
  const init = () => addEventListener('TrunkApplicationStarted', ({ detail }) => (window.parts = detail.wasm));
  const before = (page) => page.route('**/rest-*.wasm', (route) => route.abort());
  const found = new Set();
  for (const [lang, size, theme, reducedMotion] of [['en', '1440x900', 'light', false], ['ko', '390x844', 'dark', true], ['ko', '1024x768', 'light', false]]) {
    const { page, close } = await open(rig, `${lang}/`, { init, before, lang, theme, viewport: VIEWPORTS[size], reducedMotion, wait: false });
    await page.getByTestId('fetch-rest').waitFor();
    await lookAround(page);
    const notes = await page.evaluate(([at, size_]) => [...new Uint8Array(window.parts.memory.buffer, at, size_)], [base, count]);
    notes.forEach((note, i) => note && found.add(i));
    await close();
  }
  await rig.stop();
  return found;
}

rmSync(SITE, { recursive: true, force: true });
cpSync('dist', SITE, { recursive: true, filter: (path) => !/\.(br|gz)$/.test(path) });
execFileSync('wasm-bindgen', ['--target=web', '--no-typescript', '--no-demangle', '--out-dir=target/unused', '--out-name=app', linked]);
const module = parse(readFileSync('target/unused/app_bg.wasm'));
const { base, bytes } = noting(module);
const [name] = /app-[0-9a-f]+_bg\.wasm/.exec(readFileSync(join(SITE, 'index.html'), 'utf8'));
writeFileSync(join(SITE, name), bytes);
const used = await ran(base, module.bodies.length);

const { late } = plan(module, references(readFileSync(linked)), meaning(readFileSync('tools/split/late.txt', 'utf8')).means);
const all = module.bodies.map(({ start: from, end }, i) => ({ path: demangle(module.names.get(module.imported + i)), size: end - from, used: used.has(i), late: late.has(module.imported + i) }));
console.log('Used, and late:');
for (const one of all) if (one.used && one.late) console.log(`  ${one.path}`);
console.log('Not used, and not late, by the longest path whose functions are all so:');
const tree = { size: 0, used: false, below: new Map() };
for (const one of all) {
  let at = tree;
  for (const part of /^[<&]*(?:mut )?([\w:]+)/.exec(one.path)?.[1].split('::') ?? []) {
    if (!at.below.has(part)) at.below.set(part, { size: 0, used: false, below: new Map() });
    at = at.below.get(part);
    at.size += one.late || one.used ? 0 : one.size;
    at.used ||= one.used;
  }
}
const rows = [];
const walk = (at, path) => {
  if (at.size < Number(values.least) && path) return;
  if (path && (!at.used || at.below.size === 0)) rows.push([at.size, path]);
  else for (const [part, below] of at.below) walk(below, path ? `${path}::${part}` : part);
};
walk(tree, '');
for (const [size, path] of rows.sort((a, b) => b[0] - a[0])) console.log(`${String(size).padStart(8)}  ${path}`);
