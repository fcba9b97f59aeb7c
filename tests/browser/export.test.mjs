// What can be taken along, opened elsewhere: where our fonts are not, and without the page.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { inaccessible, opener, rigged, screenshot } from './rig.mjs';

const rig = rigged();
const open = opener(rig);

/** Clicks on what exports something; its name and content. */
async function exported(page, what) {
  const coming = page.waitForEvent('download');
  await page.getByTestId(what).click();
  const file = await coming;
  return { name: file.suggestedFilename(), content: readFileSync(await file.path()) };
}

/** A sandbox with three web servers, and the dialog that exports. */
async function ready(lang, theme) {
  const { page } = await open(`${lang}/sandbox?seed=9`, { lang, theme });
  await page.getByTestId('apply').click();
  await page.waitForFunction(() => window.__bottle.readyPods >= 9, null, { timeout: 60_000 });
  await page.getByTestId('share').click();
  return page;
}

/** Where each label of the stage is in truth: its words, measured in the font that the page has. */
const measured = (page) => page.evaluate(() => {
  const context = document.createElement('canvas').getContext('2d');
  context.font = '600 13px Pretendard';
  const labels = window.__bottle.displayList().filter((item) => item.kind === 'label');
  return labels.map(({ text, x, w }) => {
    const { width, actualBoundingBoxLeft: before, actualBoundingBoxRight: after } = context.measureText(text);
    return { text, middle: x + w / 2, wide: before + after, start: x, width };
  });
});

/** How many pixels of two pictures (data URLs) clearly differ. */
const differing = (page, one, other) => page.evaluate(async (pictures) => {
  const [a, b] = await Promise.all(pictures.map(async (src) => {
    const image = Object.assign(new Image(), { src });
    await image.decode();
    const { naturalWidth: width, naturalHeight: height } = image;
    const canvas = Object.assign(document.createElement('canvas'), { width, height });
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    return { width, height, data: context.getImageData(0, 0, width, height).data };
  }));
  if (a.width !== b.width || a.height !== b.height) return 'another size';
  let count = 0;
  for (let i = 0; i < a.data.length; i += 4) {
    if ([0, 1, 2].some((of) => Math.abs(a.data[i + of] - b.data[i + of]) > 128)) count += 1;
  }
  return count;
}, [one, other]);

for (const [lang, theme] of [['ko', 'light'], ['en', 'dark']]) {
  test(`a picture (${lang}) looks where our fonts are not as it does on the stage`, async () => {
    const page = await ready(lang, theme);
    const labels = await measured(page);
    const [svg, png] = [await exported(page, 'export-svg'), await exported(page, 'export-png-1')];
    const text = svg.content.toString();
    assert.doesNotMatch(text, /<text|font-/);
    const context = await rig.browser.newContext();
    const elsewhere = await context.newPage();
    const url = (kind, content) => `data:${kind};base64,${content.toString('base64')}`;
    // On the stage letters stand on whole rows of pixels, and so a shade higher or lower.
    const pixels = await differing(elsewhere, url('image/svg+xml', svg.content), url('image/png', png.content));
    assert.ok(pixels < 80, `${pixels} pixels differ`);
    await elsewhere.setContent(`<!doctype html><html lang="${lang}"><title>Picture</title><body style="margin:0"><main><h1>Picture</h1>${text}</main>`);
    const shown = await elsewhere.evaluate(() => {
      const { left } = document.querySelector('svg').getBoundingClientRect();
      return [...document.querySelectorAll('[aria-label]')].map((label) => {
        const box = label.lastElementChild.getBoundingClientRect();
        return { text: label.getAttribute('aria-label'), middle: box.x - left + box.width / 2, start: box.x - left, wide: box.width };
      });
    });
    assert.ok(labels.length >= 14, `${labels.length} labels`);
    for (const label of labels) {
      const found = shown.filter(({ text }) => text === label.text);
      const near = found.some((at) => Math.abs(at.wide - label.wide) < 2 && (Math.abs(at.middle - label.middle) < 2 || Math.abs(at.start - label.start) < 2));
      assert.ok(near, `${JSON.stringify(label)} stands ${JSON.stringify(found)}`);
    }
    assert.deepEqual(await inaccessible(elsewhere), []);
    const told = await elsewhere.getByRole('img').first().ariaSnapshot();
    assert.match(told, lang === 'ko' ? /병 속의 배 · three-ships-9-/ : /Ship in a Bottle · three-ships-9-/);
    await screenshot(elsewhere, `export-${lang}`);
    await context.close();
  });
}

test('a picture in pixels is as large as was asked for', async () => {
  const page = await ready('en', 'light');
  const size = async (ratio) => {
    const { name, content } = await exported(page, `export-png-${ratio}`);
    assert.match(name, new RegExp(`-v[\\d.]+-${ratio}x\\.png$`));
    return [content.readUInt32BE(16), content.readUInt32BE(20)];
  };
  const [width, height] = await size(1);
  assert.ok(width > 600 && height > 300, `${width} × ${height}`);
  for (const ratio of [2, 4]) assert.deepEqual(await size(ratio), [width * ratio, height * ratio]);
});

test('where nothing has been told there are no beats and no transcript to take along', async () => {
  const { page } = await open('en/sandbox?t=0');
  await page.getByTestId('share').click();
  await page.getByTestId('export-svg').waitFor();
  for (const what of ['export-strip', 'export-transcript']) assert.equal(await page.getByTestId(what).count(), 0, what);
});

test('beats side by side bring their letters along, each once', async () => {
  const page = await ready('ko', 'light');
  const { content } = await exported(page, 'export-strip');
  const text = content.toString();
  assert.doesNotMatch(text, /<text|font-/);
  const names = [...text.matchAll(/ id="([^"]+)"/g)].map(([, name]) => name);
  assert.equal(new Set(names).size, names.length, 'a name is there twice');
  const used = new Set([...text.matchAll(/(?:href="|url\()#([^")]+)/g)].map(([, name]) => name));
  assert.deepEqual([...used].sort(), names.sort());
});

test('without the outlines words stay texts, and that is said', async () => {
  const { page, errors } = await open('en/sandbox?t=0', { before: (page) => page.route('**/fonts/outlines.json', (route) => route.fulfill({ status: 404, body: 'no' })) });
  await page.getByTestId('share').click();
  const { content } = await exported(page, 'export-svg');
  assert.match(content.toString(), />API server<\/text>/);
  await page.keyboard.press('Escape');
  await page.locator('.notice').getByText('The outlines of the letters did not arrive').waitFor();
  // The browser tells of the file itself.
  assert.match(errors.splice(0).join(), /404/);
});
