// The runs that were left: their names, how many are kept, and what comparing two of them tells.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inaccessible, opener, rigged } from './rig.mjs';

const rig = rigged();
const fresh = opener(rig);
const WAIT = { timeout: 60_000 };

/** Goes back to the beginning, or to a moment that is marked, and applies a manifest there. */
async function applied(page, text, moment) {
  if (moment === undefined) await page.getByTestId('start').click();
  await page.getByTestId('play').focus();
  while (moment < (await page.evaluate(() => window.__bottle.t))) await page.keyboard.press('p');
  await page.locator('.cm-content').click();
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText(text);
  await page.getByTestId('apply').click();
  await page.getByTestId('play').click();
}

const map = (name) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`;
const options = (page) => page.getByTestId('branches').locator('option').allInnerTexts();

test('eight runs are kept, the latest first; one that gets a name has it in the menu and in the comparison', async () => {
  const marks = Array.from({ length: 11 }, (_, second) => (second + 1) * 1000);
  const { page } = await fresh(`en/sandbox?t=12000&marks=${marks}`, {});
  // What is done at the moment of another deed goes with it; what is done before leaves it.
  for (const moment of marks.toReversed()) await applied(page, map(`map-${moment}`), moment);
  // The count, each run, and each to be compared with.
  await page.waitForFunction(() => document.querySelectorAll('[data-testid=branches] option').length === 17, null, WAIT);
  await page.getByTestId('branches').selectOption('=1');
  const compare = page.getByTestId('compare');
  const name = compare.getByTestId('branch-name');
  assert.match(await compare.locator('table').innerText(), /kubectl apply/);
  await name.fill('without the second');
  await name.press('Tab');
  await page.keyboard.press('Escape');
  assert.equal((await options(page)).filter((text) => text.includes('without the second')).length, 2);
  await page.getByTestId('branches').selectOption('=1');
  assert.equal(await name.inputValue(), 'without the second');
  await name.fill('');
  await name.press('Tab');
  await page.keyboard.press('Escape');
  assert.equal((await options(page)).filter((text) => text.includes('without the second')).length, 0);
});

test('two runs differ in objects, in the ships that pods are on, and in events, at any moment of one clock', async () => {
  const { page } = await fresh('en/sandbox?speed=10', {});
  const settled = () => page.getByTestId('until').selectOption('until-settled').then(() => page.waitForFunction(() => document.querySelector('[data-testid=play]').getAttribute('aria-pressed') === 'false', null, WAIT));
  await applied(page, 'apiVersion: v1\nkind: Pod\nmetadata: {name: lone}\nspec:\n  containers:\n  - {name: main, image: "nginx:1.27"}\n');
  await settled();
  await applied(page, map('other'));
  await settled();
  await page.getByTestId('branches').selectOption('=0');
  const row = (text) => page.getByTestId('compare').locator('tr').filter({ hasText: text });
  const pod = row('Pod default/lone').locator('td');
  await pod.first().waitFor(WAIT);
  assert.match(await pod.nth(1).innerText(), /node-\d/);
  assert.doesNotMatch(await pod.nth(0).innerText(), /node-\d/);
  assert.equal(await row('ConfigMap default/other').count(), 1);
  const [ours, theirs] = await row('Events that only this run has').locator('td').allInnerTexts();
  assert.match(theirs, /Scheduled/);
  assert.doesNotMatch(ours, /Scheduled/);
  // One clock for both: their pictures and what differs follow it.
  const compare = page.getByTestId('compare');
  assert.equal(await compare.locator('canvas').count(), 2);
  await page.getByTestId('compare-clock').fill('0');
  await compare.getByText('No object differs at 00:00.000').waitFor(WAIT);
  assert.equal(await row('Pod default/lone').count(), 0);
  assert.equal(await page.evaluate(() => window.__bottle.t), 0);
  assert.deepEqual(await inaccessible(page), []);
});
