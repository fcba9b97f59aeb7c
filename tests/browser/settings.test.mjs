// Settings with keys of one's own, the small map, marks in the address, etcd's leases and watchers, narrow and enlarged pages.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inaccessible, open, ready, start, VIEWPORTS } from './rig.mjs';

let rig;
before(async () => {
  rig = await start();
});
after(() => rig?.stop());

const WAIT = { timeout: 60_000 };
const PHONE = VIEWPORTS['390x844'];

test('a key can be another one, nobody else keeps it, and it is remembered', async () => {
  const { page, errors, close } = await open(rig, 'en/sandbox?t=0', { lang: 'en' });
  const truth = page.getByTestId('truth');
  await page.getByTestId('settings').click();
  await page.getByTestId('key-truth').fill('m');
  assert.equal(await page.getByTestId('key-truth').inputValue(), 'M');
  assert.equal(await page.getByTestId('key-dial').inputValue(), '');
  await page.keyboard.press('Escape');
  await page.locator('body').press('t');
  assert.equal(await truth.getAttribute('aria-pressed'), 'false');
  await page.locator('body').press('m');
  assert.equal(await truth.getAttribute('aria-pressed'), 'true');
  await page.getByTestId('help').click();
  const told = (what) => page.getByTestId('keys').locator('dd', { hasText: what }).evaluate((meaning) => meaning.previousElementSibling.textContent);
  assert.equal(await told('what the control plane believes'), 'M');
  assert.equal(await told('whose words label'), 'no key');
  assert.equal(await told('Until the next event'), 'E');
  await page.keyboard.press('Escape');
  await page.reload();
  await ready(page);
  const before = await truth.getAttribute('aria-pressed');
  await page.locator('body').press('m');
  assert.notEqual(await truth.getAttribute('aria-pressed'), before);
  await page.getByTestId('settings').click();
  await page.getByTestId('keys-reset').click();
  assert.equal(await page.getByTestId('key-dial').inputValue(), 'M');
  assert.equal(await page.getByTestId('key-truth').inputValue(), 'T');
  assert.deepEqual(errors, []);
  await close();
});

test('theme, motion and labels are settings too; the dialog is accessible at every size in both languages', async () => {
  for (const [size, viewport] of Object.entries(VIEWPORTS)) {
    for (const lang of ['ko', 'en']) {
      const { page, close } = await open(rig, `${lang}/sandbox?t=0`, { lang, viewport });
      await page.getByTestId('settings').click();
      const sheet = page.getByTestId('settings-sheet');
      await sheet.getByTestId('settings-dark').check();
      assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark');
      await sheet.getByTestId('settings-reduced').check();
      assert.equal(await page.locator('html').getAttribute('data-motion'), 'reduced');
      await sheet.locator('select').selectOption('harbour');
      assert.match(page.url(), /meta=harbour/);
      assert.deepEqual(await inaccessible(page), [], `${size} ${lang}`);
      const cut = await sheet.evaluate((dialog) => dialog.scrollWidth > dialog.clientWidth + 1);
      assert.equal(cut, false, size);
      await page.screenshot({ path: `target/screenshots/settings-${size}-${lang}.png` });
      await close();
    }
  }
});

test('on a phone the small map looks elsewhere by a tap and by keys', async () => {
  const { page, close } = await open(rig, 'en/sandbox?t=0', { lang: 'en', viewport: PHONE, touch: true });
  const map = page.getByTestId('minimap');
  const registry = () => page.evaluate(() => window.__bottle.displayList().find((item) => item.kind === 'bridge').x);
  const first = await registry();
  await map.tap({ position: { x: 90, y: 50 } });
  await page.waitForFunction((x) => window.__bottle.displayList().find((item) => item.kind === 'bridge').x < x - 50, first, WAIT);
  await map.focus();
  await page.keyboard.press('Enter');
  await page.waitForFunction((x) => Math.abs(window.__bottle.displayList().find((item) => item.kind === 'bridge').x - x) < 2, first, WAIT);
  await page.keyboard.press('ArrowRight');
  await page.waitForFunction((x) => window.__bottle.displayList().find((item) => item.kind === 'bridge').x < x - 20, first, WAIT);
  await close();
});

test('on a phone nothing lies over the picture but its small map', async () => {
  for (const lang of ['ko', 'en']) {
    const { page, close } = await open(rig, `${lang}/sandbox?t=0`, { lang, viewport: PHONE, touch: true });
    const picture = await page.locator('.stage-view canvas').boundingBox();
    const over = ({ x, y, width, height }) => x < picture.x + picture.width && picture.x < x + width && y + 1 < picture.y + picture.height && picture.y < y + height - 1;
    const boxes = await page.locator('.camera button, .caption').evaluateAll((all) => all.map((one) => one.getBoundingClientRect().toJSON()));
    assert.equal(boxes.length, 6);
    for (const box of boxes) assert.ok(!over(box) && box.height >= 24 && box.x >= 0 && box.x + box.width <= PHONE.width, JSON.stringify(box));
    for (const { width, height } of boxes.slice(1)) assert.ok(width >= 44 && height >= 44, `${width} × ${height}`);
    await close();
  }
});

test('marks travel in the address, and a broken list of them is refused with a sentence', async () => {
  const { page, close } = await open(rig, 'en/sandbox?t=2000', { lang: 'en' });
  // (The way to that moment is run in slices.)
  await page.waitForFunction(() => window.__bottle.t === 2000, null, WAIT);
  await page.locator('body').press('b');
  await page.waitForURL(/marks=2000/);
  await close();
  const other = await open(rig, 'en/sandbox?t=0&marks=1000,2500.5', { lang: 'en' });
  await other.page.locator('body').press('n');
  await other.page.waitForFunction(() => window.__bottle.t === 1000, null, WAIT);
  await other.page.locator('body').press('n');
  await other.page.waitForFunction(() => window.__bottle.t === 2500.5, null, WAIT);
  await other.close();
  const broken = await open(rig, 'en/sandbox?t=0&marks=5,x', { lang: 'en' });
  await broken.page.getByText('marks').first().waitFor(WAIT);
  await broken.close();
});

test('etcd shows its leases with their holders and who watches what', async () => {
  const { page, close } = await open(rig, 'ko/sandbox?t=0&sel=components/etcd-0', { lang: 'ko' });
  if ((await page.getByTestId('etcd').count()) === 0) {
    await page.getByTestId('tree').locator('[role=treeitem]').filter({ hasText: 'etcd' }).first().click();
  }
  const lease = page.getByTestId('leases').locator('li').filter({ hasText: 'kube-node-lease/node-1' });
  assert.match(await lease.innerText(), /보유자 node-1, \d+초 전/);
  assert.ok((await page.getByTestId('watchers').locator('li').count()) >= 5);
  await close();
});

test('the transcript can be searched', async () => {
  const { page, close } = await open(rig, 'en/sandbox?speed=10', { lang: 'en' });
  await page.getByTestId('apply').click();
  await page.waitForFunction(() => window.__bottle.readyPods >= 9, null, WAIT);
  await page.getByTestId('play').click();
  await page.getByTestId('tab-transcript').click();
  const lines = page.getByTestId('captions').locator('ol li');
  await lines.first().waitFor(WAIT);
  const all = await lines.count();
  await page.getByTestId('captions').getByRole('searchbox').fill('scheduler');
  await page.waitForFunction((count) => document.querySelectorAll('[data-testid=captions] ol li').length < count, all, WAIT);
  for (const text of await lines.allInnerTexts()) assert.match(text, /scheduler/i);
  await close();
});

test('the transcript is copied as it stands, the earliest sentence first', async () => {
  const { page, context, errors, close } = await open(rig, 'en/sandbox?speed=10', { lang: 'en' });
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByTestId('apply').click();
  await page.waitForFunction(() => window.__bottle.readyPods >= 9, null, WAIT);
  await page.getByTestId('play').click();
  await page.getByTestId('tab-transcript').click();
  const panel = page.getByTestId('captions');
  await panel.locator('ol li').first().waitFor(WAIT);
  await panel.getByRole('button', { name: 'Copy', exact: true }).click();
  await panel.getByRole('button', { name: 'Copied', exact: true }).waitFor(WAIT);
  const rows = await panel.locator('ol li').evaluateAll((all) => all.map((row) => [...row.children].map((part) => part.textContent).join('  ')));
  assert.ok(rows.length > 10, `${rows.length}`);
  assert.deepEqual((await page.evaluate(() => navigator.clipboard.readText())).split('\n'), rows.reverse());
  // What was searched for, and nothing else.
  await panel.getByRole('searchbox').fill('scheduler');
  await page.waitForFunction((count) => document.querySelectorAll('[data-testid=captions] ol li').length < count, rows.length, WAIT);
  const found = await panel.locator('ol li').count();
  await panel.getByRole('button', { name: /Cop/ }).click();
  await page.waitForFunction(async (count) => (await navigator.clipboard.readText()).split('\n').length === count, found, WAIT);
  assert.deepEqual(errors, []);
  await close();
});

test('at 320 pixels and at 200 % nothing is lost: no page scrolls sideways, and everything that acts is in reach', async () => {
  for (const [what, viewport] of [['320', { width: 320, height: 700 }], ['200 % of 1280', { width: 640, height: 360 }]]) {
    for (const lang of ['ko', 'en']) {
      const { page, close } = await open(rig, `${lang}/sandbox?t=0`, { lang, viewport });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(wide <= 0, `${what} ${lang}: ${wide}`);
      for (const id of ['home', 'share', 'language', 'settings', 'help', 'play', 'truth']) {
        const box = await page.getByTestId(id).boundingBox();
        assert.ok(box && box.x >= 0 && box.x + box.width <= viewport.width + 0.5, `${what} ${lang} ${id}: ${JSON.stringify(box)}`);
        assert.ok(box.width >= 24 && box.height >= 24, `${what} ${lang} ${id}: ${JSON.stringify(box)}`);
      }
      await page.screenshot({ path: `target/screenshots/narrow-${viewport.width}-${lang}.png` });
      await close();
    }
  }
});

test('in a low window (200 % of a laptop, a phone on its side) the picture stands beside the panels, and nothing covers anything', async () => {
  for (const [width, height, lang] of [[720, 450, 'en'], [844, 390, 'ko'], [640, 360, 'ko'], [512, 384, 'en']]) {
    const { page, close } = await open(rig, `${lang}/sandbox?t=0`, { lang, viewport: { width, height } });
    await page.getByTestId('tab-manifest').click();
    const where = async (what) => ({ what, ...(await page.locator(what).first().boundingBox()) });
    const parts = ['canvas', '.caption', '[data-testid=truth]', '.dock > .tabs', '[data-testid=examples]', '[data-testid=apply]', '.editor', '[data-testid=play]', '[data-testid=until]', '[data-testid=scrubber]'];
    const boxes = await Promise.all(parts.map(where));
    for (const { what, x, y, width: w, height: h } of boxes) {
      assert.ok(x >= 0 && y >= 0 && x + w <= width + 0.5 && y + h <= height + 0.5, `${width}×${height} ${what}: ${[x, y, w, h]}`);
      assert.ok(w >= 24 && h >= (what === 'canvas' ? 180 : 24), `${width}×${height} ${what} is small: ${[w, h]}`);
    }
    for (const [i, a] of boxes.entries()) {
      const covered = boxes.slice(i + 1).find((b) => a.x + 1 < b.x + b.width && b.x + 1 < a.x + a.width && a.y + 1 < b.y + b.height && b.y + 1 < a.y + a.height);
      assert.equal(covered?.what, undefined, `${width}×${height}: over ${a.what}`);
    }
    await page.screenshot({ path: `target/screenshots/low-${width}-${lang}.png` });
    await close();
  }
});

test('on a projector all eight lanes of the timeline are to be seen', async () => {
  const { page, close } = await open(rig, 'ko/sandbox?t=0', { lang: 'ko', viewport: { width: 1024, height: 768 } });
  await page.getByTestId('tab-timeline').click();
  const panel = page.locator('.dock .panel:visible');
  assert.ok(await panel.evaluate((element) => element.scrollHeight <= element.clientHeight + 1));
  await close();
});

test('with forced colours what is chosen, how far time is and what can be opened are still to be seen', async () => {
  const { page, close } = await open(rig, 'en/sandbox?t=0', { lang: 'en', before: (page) => page.emulateMedia({ forcedColors: 'active' }) });
  await page.getByTestId('stage').waitFor();
  const style = (what, name, pseudo) => page.locator(what).first().evaluate((e, [n, p]) => getComputedStyle(e, p)[n], [name, pseudo]);
  assert.notEqual(await style('[data-testid=scrubber]', 'backgroundImage', '::before'), 'none', 'the line of time');
  assert.equal(await style('select.button', 'appearance'), 'auto');
  const [line, ground] = [await style('.tab[aria-selected=true]', 'backgroundColor', '::after'), await style('body', 'backgroundColor')];
  assert.notEqual(line, ground, 'the line under the chosen tab');
  await page.getByRole('treeitem', { name: /etcd/ }).first().click();
  assert.equal(await style('.tree-row[aria-selected=true]', 'outlineStyle'), 'solid');
  // Without fills a legend tells by its patterns.
  await page.getByTestId('view-tools').click();
  await page.getByTestId('colours').selectOption('status');
  const swatches = await page.locator('.swatch').evaluateAll((all) => all.map((one) => {
    const { data } = one.getContext('2d').getImageData(0, 0, one.width, one.height);
    return data.filter((_, at) => at % 4 === 0).join();
  }));
  assert.equal(new Set(swatches).size, 5, `${swatches.length} swatches`);
  await close();
});

test('home is a link, and the twin, the camera and the labels have their names', async () => {
  const { page, close } = await open(rig, 'ko/sandbox?t=0', { lang: 'ko' });
  for (const id of ['twin', 'camera']) assert.equal(await page.getByTestId(id).count(), 1, id);
  await page.getByTestId('view-tools').click();
  assert.equal(await page.getByTestId('labels-mode').count(), 1);
  await page.getByTestId('home').click();
  await page.waitForURL(/\/ko\//);
  await ready(page);
  await close();
});
