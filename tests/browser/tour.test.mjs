// The tour of a minute: by the keyboard alone, in both languages, left at any time, and nothing of one's own run is lost.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inaccessible, opener, rigged, VIEWPORTS } from './rig.mjs';

const rig = rigged();
const fresh = opener(rig);
const WAIT = { timeout: 120_000 };

const arrived = (page, stop) =>
  page.waitForFunction((n) => new RegExp(`(Moment|가운데) ${n}(번째| of)`).test(document.querySelector('[data-testid=tour] .quiet')?.textContent) && !/At once|바로/.test(document.querySelector('[data-testid=tour-next]').textContent), stop, WAIT);
const told = (page) => page.getByTestId('tour').getByRole('status').innerText();
const state = (page) => page.evaluate(() => ({ t: window.__bottle.t, hash: window.__bottle.hash() }));

for (const [lang, viewport] of [['en', '1440x900'], ['ko', '390x844']]) {
  test(`eight moments by the keyboard with less motion, ${lang} ${viewport}`, async () => {
    const { page } = await fresh(`${lang}/sandbox?seed=5`, { lang, viewport: VIEWPORTS[viewport], reducedMotion: true });
    await page.getByTestId('help').focus();
    await page.keyboard.press('Enter');
    await page.getByTestId('help-tour').focus();
    await page.keyboard.press('Enter');
    const sentences = new Set();
    const names = [];
    for (let stop = 1; stop <= 8; stop += 1) {
      await arrived(page, stop);
      assert.equal(await page.evaluate(() => document.activeElement.dataset.testid), 'tour-next');
      sentences.add(await told(page));
      names.push(await page.evaluate(() => document.querySelector('.insp-name')?.textContent ?? ''));
      if (stop === 3) assert.deepEqual(await inaccessible(page), []);
      if (stop < 8) await page.keyboard.press('Enter');
    }
    assert.equal(sentences.size, 8);
    for (const sentence of sentences) assert.equal(/[가-힣]/.test(sentence), lang === 'ko', sentence);
    assert.equal(names[0], '');
    assert.match(names[6], /^node-\d$/);
    assert.match(names[7], /^web-/);
    assert.notEqual(names[7], names[5]);
    // What hurried past on the way is not told any more.
    const marks = await page.evaluate(() => window.__bottle.displayList().filter((item) => item.fact !== undefined).length);
    assert.ok(marks <= 30, `${marks} marks`);
    const end = await state(page);
    assert.ok(end.t > 350_000, `${end.t}`);
    // Back is a bookmark, exactly; and so is the way on from there.
    await page.getByTestId('tour-back').click();
    await arrived(page, 7);
    assert.ok((await state(page)).t < 70_000);
    await page.getByTestId('tour-next').click();
    await arrived(page, 8);
    assert.deepEqual(await state(page), end);
    // The first two are one moment: before the deed and with it.
    assert.equal(new URL(page.url()).searchParams.get('marks').split(',').length, 7);
    await page.getByTestId('tour-next').click();
    await page.getByTestId('tour').waitFor({ state: 'detached' });
    assert.equal(await page.evaluate(() => document.activeElement.id), 'stage');
  });
}

test('it is left at any time, on the way too, and the run that somebody was in is a branch', async () => {
  const { page } = await fresh('en/sandbox?speed=10', {});
  await page.getByTestId('examples').selectOption('pod');
  await page.getByTestId('apply').click();
  await page.waitForFunction(() => window.__bottle.view().objects.Pod === 7, null, WAIT);
  await page.getByTestId('play').click();
  const own = await state(page);
  await page.getByTestId('tour-start').click();
  await arrived(page, 1);
  await page.keyboard.press('Enter');
  await arrived(page, 2);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Escape');
  await page.getByTestId('tour').waitFor({ state: 'detached' });
  assert.equal(await page.getByTestId('speed').inputValue(), '10');
  await page.getByTestId('branches').selectOption('0');
  await page.getByTestId('to-present').click().catch(() => {});
  await page.waitForFunction((t) => window.__bottle.t === t, own.t, WAIT);
  assert.deepEqual(await state(page), own);
});
