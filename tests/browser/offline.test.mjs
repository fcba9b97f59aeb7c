// Without a network: the site was here once, and opens again.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ready, rigged } from './rig.mjs';

const rig = rigged();

test('after the first load every route opens without a network, and so does a run in a link', async () => {
  const context = await rig.browser.newContext({ locale: 'ko-KR', serviceWorkers: 'allow' });
  const page = await context.newPage();
  await page.goto(`${rig.url}ko/sandbox`);
  await ready(page);
  await page.evaluate(() => navigator.serviceWorker.ready);
  await page.getByTestId('try-deployment').click();
  await page.waitForFunction(() => /#w=.+/.test(location.href));
  const address = page.url();
  await context.setOffline(true);
  const other = await context.newPage();
  const errors = [];
  other.on('pageerror', (error) => errors.push(String(error)));
  await other.goto(address);
  await ready(other);
  await other.getByRole('treeitem', { name: /^web/ }).first().waitFor();
  for (const [path, shown] of [['en/gallery', '.gallery-motions figure'], ['ko/fidelity', '.fidelity-table'], ['en/embed/three-ships', '[data-testid=embed]']]) {
    await other.goto(rig.url + path);
    await other.locator(shown).first().waitFor();
  }
  // The editor is there too, and writes.
  await other.goto(`${rig.url}ko/sandbox?t=0`);
  await other.locator('.cm-content').click();
  // And a picture has its letters.
  await other.getByTestId('share').click();
  const coming = other.waitForEvent('download');
  await other.getByTestId('export-svg').click();
  assert.match(readFileSync(await (await coming).path(), 'utf8'), /<path id="l600-/);
  assert.deepEqual(errors, []);
  await context.close();
});

test('the page can be installed: a manifest with a name, a start and an icon that is there', async () => {
  const page = await rig.browser.newPage();
  await page.goto(rig.url);
  const address = await page.locator('link[rel=manifest]').evaluate((link) => link.href);
  const manifest = await (await page.request.get(address)).json();
  assert.equal(new URL(manifest.start_url, address).href, rig.url);
  assert.equal(manifest.display, 'standalone');
  const icon = await page.request.get(new URL(manifest.icons[0].src, address).href);
  assert.equal(icon.headers()['content-type'], 'image/svg+xml');
  await page.close();
});
