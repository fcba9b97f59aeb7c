// Nothing jumps: what shifts on the page without anybody having asked for it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { opener, rigged, VIEWPORTS } from './rig.mjs';

const rig = rigged();
const fresh = opener(rig);

/** Runs in the page before its own scripts. */
const watch = () => {
  window.__shift = { sum: 0, what: [] };
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (entry.hadRecentInput) continue;
      window.__shift.sum += entry.value;
      window.__shift.what.push(...entry.sources.map(({ node }) => `${entry.value.toFixed(4)} ${node?.className ?? node?.nodeName}`));
    }
  }).observe({ type: 'layout-shift', buffered: true });
};

for (const [size, viewport] of Object.entries(VIEWPORTS)) {
  test(`from loading until three pods are Ready nothing jumps, ${size}`, async () => {
    for (const lang of ['ko', 'en']) {
      const { page } = await fresh(`${lang}/sandbox?speed=10`, { lang, viewport, init: watch });
      if (viewport.width <= 640) await page.getByTestId('tab-manifest').click();
      await page.getByTestId('apply').click();
      await page.waitForFunction(() => window.__bottle.readyPods >= 9, null, { timeout: 60_000 });
      await page.getByTestId('play').click();
      const { sum, what } = await page.evaluate(() => window.__shift);
      assert.ok(sum <= 0.02, `${lang}: ${sum} ${what.join('; ')}`);
    }
  });
}

test('the other pages come without a jump', async () => {
  for (const path of ['gallery', 'fidelity', 'embed/three-ships']) {
    for (const viewport of Object.values(VIEWPORTS)) {
      const { page } = await fresh(`ko/${path}`, { lang: 'ko', viewport, init: watch });
      if (path === 'fidelity') await page.locator('.fidelity-table').first().waitFor();
      const { sum, what } = await page.evaluate(() => window.__shift);
      assert.ok(sum <= 0.02, `${path} ${viewport.width}: ${sum} ${what.join('; ')}`);
    }
  }
});
