// The harbour within another page's frame, and runs that were left: their names and the events that tell them apart.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inaccessible, open, start } from './rig.mjs';

let rig;
before(async () => {
  rig = await start();
});
after(() => rig?.stop());

const WAIT = { timeout: 60_000 };

test('an embedded harbour is the stage with its transport, stands still at first, and leads to the whole page', async () => {
  for (const [lang, theme] of [['ko', 'dark'], ['en', 'light']]) {
    const { page, errors, close } = await open(rig, `${lang}/embed/three-ships?seed=7`, { lang, theme, viewport: { width: 760, height: 420 } });
    await page.getByTestId('embed').getByTestId('play').waitFor(WAIT);
    assert.equal(await page.getByTestId('play').getAttribute('aria-pressed'), 'false');
    assert.equal(await page.getByTestId('manifest-editor').count(), 0);
    assert.match(await page.getByTestId('open-whole').getAttribute('href'), new RegExp(`^${lang}/sandbox\\?scenario=three-ships&seed=7`));
    assert.match(page.url(), new RegExp(`/${lang}/embed/three-ships\\?seed=7`));
    const items = await page.evaluate(() => window.__bottle.displayList().length);
    assert.ok(items > 20);
    // All of the harbour is to be seen, and the sentence speaks of nothing that is not in the frame.
    assert.equal(await page.getByTestId('minimap').isVisible(), false);
    assert.match(await page.getByTestId('caption').textContent(), /재생|play/);
    assert.deepEqual(await inaccessible(page), []);
    assert.deepEqual(errors, []);
    await page.screenshot({ path: `target/screenshots/embed-${lang}-${theme}.png` });
    await close();
  }
  const bare = await open(rig, 'en/embed/three-ships?controls=none', { lang: 'en', viewport: { width: 390, height: 300 } });
  await bare.page.getByTestId('embed').waitFor(WAIT);
  assert.equal(await bare.page.getByTestId('play').count(), 0);
  await bare.close();
});

test('the share dialog gives the code for a frame', async () => {
  const { page, close } = await open(rig, 'en/sandbox?t=0', { lang: 'en' });
  await page.getByTestId('share').click();
  assert.match(await page.getByTestId('embed-code').inputValue(), /^<iframe src="http:\/\/[^"]+\/en\/embed\/three-ships\?seed=42[^"]*" title="[^"]+"/);
  await close();
});
