// The fidelity page: the numbers of the recordings, and what is not simulated.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { inaccessible, open, start, VIEWPORTS } from './rig.mjs';

let rig;
before(async () => {
  rig = await start();
});
after(() => rig?.stop());

const WAIT = { timeout: 30_000 };
const DATA = JSON.parse(readFileSync('assets/fidelity.json', 'utf8'));

test('the page shows every row of the recordings’ results, and says what is not simulated', async () => {
  for (const lang of ['ko', 'en']) {
    const { page, errors, close } = await open(rig, `${lang}/fidelity`, { lang });
    const main = page.getByTestId('fidelity');
    await main.locator('.fidelity-sum').waitFor(WAIT);
    const sum = (at) => DATA.rows.reduce((all, row) => all + row[at], 0);
    const told = await main.locator('.fidelity-sum').innerText();
    for (const number of [sum(2), sum(3), DATA.kubernetes]) assert.ok(told.includes(String(number)), `${told}: ${number}`);
    assert.equal(await main.locator('tbody tr:not(.total)').count(), DATA.rows.length);
    const pods = main.locator('table[data-area=api] tbody tr').filter({ has: page.locator('th', { hasText: /^Pod$/ }) });
    const [, , passed, all] = DATA.rows.find(([area, kind]) => area === 'api' && kind === 'Pod');
    assert.ok((await pods.locator('td').innerText()).startsWith(`${passed} / ${all}`));
    const lacks = await page.getByTestId('not-simulated').innerText();
    for (const plugin of DATA.admission_lacking) assert.ok(lacks.includes(plugin), plugin);
    assert.ok((await page.getByTestId('not-simulated').locator('li').count()) >= 10);
    assert.deepEqual(errors, []);
    await close();
  }
});

test('help leads to it, by the keyboard', async () => {
  const { page, close } = await open(rig, 'en/sandbox', { lang: 'en' });
  await page.keyboard.press('?');
  const link = page.getByTestId('to-fidelity');
  await link.focus();
  await page.keyboard.press('Enter');
  await page.getByTestId('fidelity').locator('.fidelity-sum').waitFor(WAIT);
  assert.match(page.url(), /\/en\/fidelity$/);
  await close();
});

test('it is accessible and whole in both themes at every size, down to 320 pixels', async () => {
  for (const [size, viewport] of [...Object.entries(VIEWPORTS), ['320x700', { width: 320, height: 700 }]]) {
    for (const theme of ['light', 'dark']) {
      const { page, close } = await open(rig, 'ko/fidelity', { lang: 'ko', theme, viewport });
      await page.getByTestId('fidelity').locator('.fidelity-sum').waitFor(WAIT);
      assert.deepEqual(await inaccessible(page), [], `${size} ${theme}`);
      const wide = await page.evaluate(() => [document.documentElement, document.querySelector('.fidelity')].some((e) => e.scrollWidth > e.clientWidth + 1));
      assert.equal(wide, false, size);
      await page.screenshot({ path: `target/screenshots/fidelity-${size}-${theme}.png` });
      await close();
    }
  }
});

test('without the numbers the page says so', async () => {
  const { page, close } = await open(rig, 'en/sandbox', { lang: 'en' });
  await page.route('**/fidelity.json', (route) => route.fulfill({ status: 404, body: 'no' }));
  await page.goto(new URL('en/fidelity', rig.url).href);
  await page.getByTestId('fidelity').getByRole('alert').waitFor(WAIT);
  assert.ok((await page.getByTestId('not-simulated').locator('li').count()) >= 9);
  await close();
});
