// The program arrives in two parts (tools/split): the first alone shows the settled harbour, and what is asked of the rest
// waits for it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open, opener, rigged } from './rig.mjs';

const SANDBOX = 'en/sandbox?scenario=three-ships&seed=42';
const REST = '**/rest-*.wasm';
/** So far time goes without the rest (src/ui/session/boot.rs). */
const FIRST_MS = 1000;
const POD = 'apiVersion: v1\nkind: Pod\nmetadata: {name: lone}\nspec:\n  containers:\n  - {name: main, image: "nginx:1.27"}\n';

const rig = rigged();
const fresh = opener(rig);

const state = (page) => page.evaluate(() => ({ t: window.__bottle.t, hash: window.__bottle.hash(), whole: window.__bottle.whole }));
const shown = (page) => page.waitForFunction(() => window.__bottle?.ready === true);
const whole = (page) => page.waitForFunction(() => window.__bottle.whole);
const frames = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
const lone = (page) => page.waitForFunction(() => window.__bottle.view().nodes.some(({ pods }) => pods.some((pod) => pod.name === 'lone' && pod.ready)), null, { timeout: 60_000 });

/** A page whose rest never arrives, after its first moments. */
async function halved(options = {}) {
  const one = await open(rig, SANDBOX, { wait: false, before: (page) => page.route(REST, (route) => route.abort()), ...options });
  await shown(one.page);
  await one.page.getByTestId('fetch-rest').waitFor();
  await one.page.waitForFunction((end) => window.__bottle.t >= end, FIRST_MS);
  return one;
}

/** Errors other than that the rest did not arrive. */
const others = (errors) => errors.filter((error) => !/rest-[0-9a-f]+\.wasm|ERR_FAILED/.test(error));

test('the first part alone shows the settled harbour, says what is missing, and lets one look around', async () => {
  const { page, errors, close } = await halved();
  const view = await page.evaluate(() => window.__bottle.view());
  assert.deepEqual(view.nodes.map(({ name, ready }) => [name, ready]), [['control-plane', true], ['node-1', true], ['node-2', true], ['node-3', true]]);
  assert.ok((await page.evaluate(() => window.__bottle.displayList())).length > 20);
  assert.match(await page.locator('.banner.missing').innerText(), /part of the program has not arrived/);
  assert.match(await page.getByTestId('caption').innerText(), /kubelet on node-\d renewed its lease/);
  const before = await state(page);
  assert.equal(before.whole, false);
  const ship = () => window.__bottle.displayList().find(({ id }) => /node-1/.test(id)).w;
  const small = await page.evaluate(ship);
  await page.locator('.camera .zoom').last().click();
  await page.waitForFunction((w) => window.__bottle.displayList().find(({ id }) => /node-1/.test(id)).w > w, small);
  await page.getByTestId('language').click();
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'ko');
  assert.match(await page.locator('.banner.missing').innerText(), /불러오지 못했습니다/);
  await page.getByTestId('theme').click();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
  for (const tab of ['events', 'requests', 'timeline', 'transcript', 'manifest']) {
    await page.getByTestId(`tab-${tab}`).click();
    await page.locator(`#panel-${tab}`).waitFor();
    await frames(page);
  }
  await page.mouse.move(700, 300, { steps: 8 });
  await page.mouse.wheel(0, -200);
  await page.setViewportSize({ width: 390, height: 844 });
  await frames(page);
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.locator('[data-testid=manifest-editor] .cm-content').fill(`${POD}broken: [`);
  await frames(page);
  assert.deepEqual(await state(page), before, 'time stands still');
  assert.deepEqual(others(errors), []);
  await close();
});

test('what is asked of the rest asks for it once more, and breaks nothing', async () => {
  const { page, errors, close } = await halved();
  const before = await state(page);
  let asked = 0;
  page.on('request', (request) => { asked += /rest-/.test(request.url()); });
  for (const click of ['apply', 'play', 'step', 'share', 'help', 'truth', 'view-tools']) {
    await page.getByTestId(click).click();
    await page.getByTestId('fetch-rest').waitFor();
  }
  await page.keyboard.press('Control+k');
  await page.locator('#stage canvas').first().click({ position: { x: 400, y: 200 } });
  await page.getByTestId('fetch-rest').waitFor();
  assert.ok(asked >= 7, `it was asked for ${asked} times`);
  assert.equal(await page.locator('#broken').count(), 0);
  assert.deepEqual(await state(page), before);
  assert.deepEqual(others(errors), []);
  await close();
});

test('fetched again, it is the same run, and everything works', async () => {
  const { page, errors, close } = await halved();
  const before = await state(page);
  await page.unroute(REST);
  await page.getByTestId('fetch-rest').click();
  await whole(page);
  await page.locator('.banner.missing').waitFor({ state: 'detached' });
  await page.locator('[data-testid=manifest-editor] .cm-content').fill(POD);
  await page.getByTestId('apply').click();
  await lone(page);
  assert.deepEqual(others(errors), []);
  await close();
  // An address with a moment in it is opened by the whole program.
  const other = await fresh(`${SANDBOX}&t=${before.t}`);
  await other.page.waitForFunction((t) => window.__bottle.t === t, before.t);
  assert.equal((await state(other.page)).hash, before.hash);
});

test('what is done before the rest has arrived is done when it has', async () => {
  let release;
  const held = new Promise((resolve) => (release = resolve));
  const { page, errors, close } = await open(rig, SANDBOX, { wait: false, before: (one) => one.route(REST, async (route) => (await held, route.continue())) });
  await shown(page);
  await page.locator('[data-testid=manifest-editor] .cm-content').fill(POD);
  await page.getByTestId('apply').click();
  await page.getByTestId('help').click();
  assert.equal(await page.locator('dialog[open]').count(), 0);
  release();
  await page.locator('dialog[open]').waitFor();
  await lone(page);
  assert.deepEqual(errors, []);
  await close();
});

test('a page that needs all of the program says so when it cannot have it', async () => {
  const { page, close } = await open(rig, 'en/gallery', { wait: false, before: (one) => one.route(REST, (route) => route.abort()) });
  await page.locator('#boot[data-state=failed]').waitFor();
  await close();
});
