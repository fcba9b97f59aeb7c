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
