// The editor bundle alone: the calls that the app makes, in a page without the app.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { open, rigged } from './rig.mjs';

const MANIFEST = 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers: 3\n';
const rig = rigged();
let opened;

beforeEach(async () => {
  // The program itself never arrives: once begun, it would put an editor of its own into this page.
  opened = await open(rig, '', { wait: false, before: (page) => page.route('**/*.wasm', () => {}) });
  await opened.page.evaluate(async (doc) => {
    const editor = await window.__bottleBoot.editor();
    document.body.innerHTML = '<button id="before">before</button><div id="here" style="height:300px"></div><button id="after">after</button>';
    window.applied = 0;
    window.handle = editor.create(document.getElementById('here'), {
      doc,
      labels: { editor: '매니페스트 편집기' },
      onChange: (text) => (window.changed = text),
      onApply: () => (window.applied += 1),
    });
  }, MANIFEST);
});
afterEach(async () => {
  assert.deepEqual(opened.errors, []);
  await opened.close();
});

test('text goes in and out, typing is reported, Ctrl+Enter applies', async () => {
  const { page } = opened;
  const field = page.getByRole('textbox', { name: '매니페스트 편집기' });
  assert.equal(await page.evaluate(() => window.handle.getText()), MANIFEST);
  await page.evaluate(() => window.handle.setText('kind: Service'));
  await field.click();
  await page.keyboard.press('Control+End');
  await page.keyboard.type('\nx: 1');
  assert.equal(await page.evaluate(() => window.changed), 'kind: Service\nx: 1');
  await page.keyboard.press('Control+Enter');
  assert.equal(await page.evaluate(() => window.applied), 1);
  assert.equal(await page.evaluate(() => window.handle.getText()), 'kind: Service\nx: 1');
});

test('a problem marks its line with its message, and goes away', async () => {
  const { page } = opened;
  await page.evaluate(() => window.handle.setDiagnostics([{ line: 6, column: 3, message: 'spec.containers: wrong type', severity: 'error' }]));
  assert.equal(await page.locator('.cm-line.bottle-error').innerText(), '  containers: 3');
  assert.equal(await page.locator('.cm-lintRange-error').innerText(), 'containers: 3');
  await page.locator('.cm-lintRange-error').hover();
  await page.getByText('spec.containers: wrong type').waitFor({ state: 'visible' });
  await page.evaluate(() => window.handle.setDiagnostics([]));
  assert.equal(await page.locator('.cm-line.bottle-error').count(), 0);
  // Places beyond the text must not throw.
  await page.evaluate(() => window.handle.setDiagnostics([{ line: 99, column: 99, message: 'far', severity: 'warning' }]));
});

test('Tab indents; Escape, then Tab leaves', async () => {
  const { page } = opened;
  await page.evaluate(() => (window.handle.setText('a: 1'), window.handle.focus()));
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => window.handle.getText()), '  a: 1');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'after');
});

test('a line is pointed at, and the language changes', async () => {
  const { page } = opened;
  await page.evaluate(() => window.handle.highlightLine(2));
  assert.equal(await page.locator('.cm-line.bottle-pulse').innerText(), 'kind: Pod');
  await page.evaluate(() => (window.handle.reveal(4), window.handle.setTheme(true), window.handle.setPhrases({ editor: 'Manifest editor' })));
  await page.getByRole('textbox', { name: 'Manifest editor' }).waitFor();
  await page.evaluate(() => window.handle.destroy());
  assert.equal(await page.locator('.cm-editor').count(), 0);
});

test('a text nested thousands of times is shown as it is', async () => {
  const { page } = opened;
  const deep = [600, 1000, 1500, 2500, 20000].map((depth) => '['.repeat(depth));
  const blocks = ['- '.repeat(3000), Array.from({ length: 1200 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')];
  for (const text of [...deep, ...blocks, MANIFEST]) {
    assert.equal(await page.evaluate((doc) => (window.handle.setText(doc), window.handle.getText()), text), text);
    // What is parsed and coloured later must not fail either.
    await page.evaluate(() => new Promise((done) => requestIdleCallback(done)));
  }
  // A text that is not so deep has its colours again.
  await page.waitForFunction(() => {
    const parts = [...document.querySelectorAll('.cm-line span')].map((part) => getComputedStyle(part).color);
    return new Set(parts).size > 1;
  });
});
