// The tree twin at scale: complete, however few of its rows are in the document, by pointer and by keyboard.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inaccessible, open, start } from './rig.mjs';

let rig;
before(async () => {
  rig = await start();
});
after(() => rig?.stop());

const WAIT = { timeout: 60_000 };
const ROWS = '[data-testid=tree] [role=treeitem]';

/** The names of all rows, in order, by scrolling through the panel. */
async function all(page) {
  return page.evaluate(async (rows) => {
    const panel = document.querySelector('.guide');
    const seen = new Map();
    const frame = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    for (let top = 0; ; top += 300) {
      panel.scrollTop = top;
      await frame();
      for (const row of document.querySelectorAll(rows)) {
        if (row.getAttribute('aria-level') === '1') seen.set(Number(row.getAttribute('aria-posinset')), row.querySelector('.tree-name').textContent);
      }
      if (top > panel.scrollHeight) break;
    }
    panel.scrollTop = 0;
    await frame();
    return [...seen].sort(([a], [b]) => a - b).map(([, name]) => name);
  }, ROWS);
}

test('of three hundred ships’ rows few are in the document, and all can be reached', async () => {
  const { page, errors, close } = await open(rig, 'en/sandbox?scenario=three-hundred-ships&t=0', { lang: 'en' });
  const rows = page.locator(ROWS);
  await rows.first().waitFor(WAIT);
  assert.ok((await rows.count()) <= 150, String(await rows.count()));
  const nodes = await page.evaluate(() => window.__bottle.view().nodes.map((node) => node.name));
  assert.equal(nodes.length, 301);
  assert.deepEqual((await all(page)).slice(2, 2 + nodes.length), nodes);
  assert.equal(await rows.filter({ hasText: nodes[5] }).first().getAttribute('aria-setsize'), String(nodes.length + 2));
  assert.deepEqual(await inaccessible(page), []);
  assert.deepEqual(errors, []);
  await close();
});

test('the keyboard goes from the first row to the last and opens what is there', async () => {
  const { page, close } = await open(rig, 'ko/sandbox?scenario=three-hundred-ships&t=0', { lang: 'ko' });
  await page.locator(ROWS).first().waitFor(WAIT);
  const nodes = await page.evaluate(() => window.__bottle.view().nodes.map((node) => node.name));
  const tree = page.getByTestId('tree');
  await tree.focus();
  const focused = () => page.locator(`${ROWS}.focus .tree-name`);
  await page.keyboard.press('End');
  await focused().getByText(nodes.at(-1), { exact: true }).waitFor(WAIT);
  const inSight = () => page.locator(`${ROWS}.focus`).evaluate((row) => {
    const { top, bottom } = row.getBoundingClientRect();
    const panel = document.querySelector('.guide').getBoundingClientRect();
    return top >= panel.top - 1 && bottom <= panel.bottom + 1;
  });
  await page.waitForFunction((rows) => {
    const row = document.querySelector(`${rows}.focus`)?.getBoundingClientRect();
    const panel = document.querySelector('.guide').getBoundingClientRect();
    return row && row.top >= panel.top - 1 && row.bottom <= panel.bottom + 1;
  }, ROWS, WAIT);
  assert.equal(await inSight(), true);
  await page.keyboard.press('ArrowRight');
  await page.locator(`${ROWS}.focus[aria-expanded=true]`).waitFor(WAIT);
  await page.keyboard.press('ArrowRight');
  await focused().getByText('kubelet').waitFor(WAIT);
  await page.keyboard.press('Enter');
  await page.getByTestId('inspector').getByRole('heading', { level: 2 }).getByText('kubelet').waitFor(WAIT);
  await page.keyboard.press('Home');
  await page.locator(`${ROWS}.focus[aria-posinset="1"][aria-level="1"]`).waitFor(WAIT);
  assert.equal(await tree.evaluate((list) => document.activeElement === list), true);
  await close();
});

test('at five thousand ships every one has its row, in order, with its place among all; within a ship is what the engine has there', async () => {
  const { page, errors, close } = await open(rig, 'en/sandbox?scenario=five-thousand-ships&t=0', { lang: 'en', wait: false });
  await page.waitForFunction(() => window.__bottle?.ready === true && window.__bottle.whole, null, { timeout: 120_000 });
  const rows = page.locator(ROWS);
  await rows.first().waitFor(WAIT);
  assert.ok((await rows.count()) <= 150, String(await rows.count()));
  const nodes = await page.evaluate(() => window.__bottle.view().nodes.map((node) => node.name));
  assert.equal(nodes.length, 5001);
  // Two groups stand before the ships; each row knows its place among all, whether it is in the document or not.
  const top = page.locator(`${ROWS}[aria-level="1"]`);
  assert.equal(await top.first().getAttribute('aria-setsize'), String(nodes.length + 2));
  const seen = await page.evaluate(async (selector) => {
    const panel = document.querySelector('.guide');
    const frame = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    const found = {};
    for (let step = 0; step <= 40; step += 1) {
      panel.scrollTop = ((panel.scrollHeight - panel.clientHeight) * step) / 40;
      await frame();
      for (const row of document.querySelectorAll(selector)) found[row.getAttribute('aria-posinset')] = row.querySelector('.tree-name').textContent;
    }
    return found;
  }, `${ROWS}[aria-level="1"]`);
  const places = Object.keys(seen).map(Number).filter((place) => place > 2);
  assert.ok(places.length > 500 && places.includes(nodes.length + 2), `${places.length} rows met`);
  for (const place of places) assert.equal(seen[place], nodes[place - 3], `row ${place}`);
  // What is within a ship: its kubelet and all its pods, as the engine has them.
  const tree = page.getByTestId('tree');
  await tree.focus();
  await page.keyboard.press('End');
  const focused = page.locator(`${ROWS}.focus`);
  await focused.locator('.tree-name').getByText(nodes.at(-1), { exact: true }).waitFor(WAIT);
  await page.keyboard.press('ArrowRight');
  await page.locator(`${ROWS}.focus[aria-expanded=true]`).waitFor(WAIT);
  const pods = await page.evaluate(() => window.__bottle.view().nodes.at(-1).pods.map((pod) => pod.name));
  await page.keyboard.press('ArrowRight');
  await page.locator(`${ROWS}.focus[aria-level="2"][aria-setsize="${pods.length + 1}"]`).waitFor(WAIT);
  for (const pod of pods) {
    await page.keyboard.press('ArrowDown');
    await focused.locator('.tree-name').getByText(pod, { exact: true }).waitFor(WAIT);
  }
  assert.equal(await page.evaluate(() => window.__bottle.view().objects.Node), nodes.length, 'the engine has as many ships as are listed');
  assert.deepEqual(errors, []);
  await close();
});
