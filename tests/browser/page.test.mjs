// The page around the app: what stands there before the app does, and when it cannot start.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serve } from '../../tools/serve.mjs';
import { inaccessible, open, rigged, slowDown, VIEWPORTS } from './rig.mjs';

const rig = rigged();

/** Holds the Wasm back, so that the page stays as it is before the app starts. */
async function held(options) {
  const opened = await open(rig, 'about:blank', { ...options, wait: false });
  await opened.page.route('**/*.wasm', () => {});
  if (options.fail) await opened.page.route(options.fail, (route) => route.abort());
  await opened.page.goto(`${rig.url}${options.path ?? ''}`, { waitUntil: 'domcontentloaded' });
  return opened;
}

test('the harbour picture and a progress bar stand in the page while the app loads', async () => {
  const { page, errors, close } = await held({ lang: 'ko', theme: 'dark' });
  await page.locator('#boot .stage svg').waitFor({ state: 'visible' });
  await page.getByText('항만을 준비하고 있습니다.').waitFor({ state: 'visible' });
  assert.equal(await page.locator('#boot progress').isVisible(), true);
  assert.equal(await page.getByText('The harbour is on its way.').isVisible(), false);
  assert.deepEqual(await page.evaluate(() => [document.documentElement.lang, document.documentElement.dataset.theme]), ['ko', 'dark']);
  assert.deepEqual(errors, []);
  await close();
});

test('a deep route in the other language decides the language before the app is there', async () => {
  const { page, close } = await held({ lang: 'ko', path: 'en/sandbox?scenario=three-ships&seed=42' });
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'en');
  await page.getByText('The harbour is on its way.').waitFor({ state: 'visible' });
  await close();
});

test('the page is accessible before the app is there, in both themes', async () => {
  for (const theme of ['light', 'dark']) {
    const { page, close } = await held({ lang: 'ko', theme });
    assert.deepEqual(await inaccessible(page), []);
    await close();
  }
});

for (const file of ['**/*.wasm', '**/app-*.js']) {
  test(`a failed download (${file}) becomes a sentence, not a blank page`, async () => {
    const { page, close } = await held({ lang: 'en', fail: file });
    await page.getByText('The harbour could not be loaded.').waitFor({ state: 'visible' });
    assert.equal(await page.locator('#boot progress').isVisible(), false);
    await close();
  });
}

test('a font that does not arrive stops nothing', async () => {
  const { page, close } = await held({ lang: 'en', fail: '**/fonts/**' });
  await page.waitForEvent('requestfailed', (request) => request.url().endsWith('later.css'));
  assert.equal(await page.getByText('The harbour is on its way.').isVisible(), true);
  await close();
});

test('names and manifests are shown in their own letters, without ligatures', async () => {
  const { page, close } = await held({ lang: 'en' });
  const differing = await page.evaluate(async () => {
    const drawn = (font, text, letters) => {
      const canvas = Object.assign(document.createElement('canvas'), { width: 900, height: 90 });
      const context = Object.assign(canvas.getContext('2d'), { font, fontKerning: 'none' });
      let x = 0;
      for (const part of letters ? text : [text]) {
        context.fillText(part, x, 70);
        x += context.measureText(part).width;
      }
      return context.getImageData(0, 0, 900, 90).data;
    };
    const differs = [];
    for (const font of ['600 64px Pretendard', '400 64px "JetBrains Mono"']) {
      await document.fonts.load(font);
      for (const text of ['7d2x9', 'a->b', '10:30', 'x != y', '---', 'www', '</>']) {
        const [whole, single] = [drawn(font, text, false), drawn(font, text, true)];
        // Edges may be a shade lighter or darker: letters stand at fractions of a pixel.
        if (whole.some((value, i) => Math.abs(value - single[i]) > 96)) differs.push(`${font}: ${text}`);
      }
    }
    return differs;
  });
  assert.deepEqual(differing, []);
  await close();
});

test('a browser without WebAssembly gets a sentence', async () => {
  const { page, close } = await open(rig, '', { lang: 'ko', wait: false, init: () => delete window.WebAssembly });
  await page.getByText('항만을 불러오지 못했습니다.').waitFor({ state: 'visible' });
  await close();
});

test('without JavaScript the page says what it needs', async () => {
  const { page, close } = await open(rig, '', { javaScript: false, wait: false });
  // By selector: Playwright's text search leaves noscript out.
  await page.locator('noscript p[lang=en]').waitFor({ state: 'visible' });
  assert.equal(await page.locator('.boot-failed[lang=en]').isVisible(), false);
  await close();
});

test('no size of the page scrolls sideways before the app is there', async () => {
  for (const viewport of [...Object.values(VIEWPORTS), { width: 320, height: 640 }]) {
    const { page, close } = await held({ lang: 'ko', viewport });
    const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(content <= window, `${viewport.width}: ${content} > ${window}`);
    await close();
  }
});

test('Korean shows in the bundled font, and rare syllables in the one fetched later', async () => {
  const { page, errors, close } = await open(rig, '', { lang: 'ko', wait: false });
  await page.waitForLoadState('load');
  assert.equal(await page.evaluate(() => document.fonts.load('16px Pretendard', '항만').then((f) => f.length > 0)), true);
  await page.waitForFunction(() => document.fonts.load('16px "Pretendard Rest"', '쀍').then((f) => f.length > 0));
  assert.deepEqual(errors, []);
  await close();
});

test('the server answers deep routes with the page, compressed, and nothing outside the site', async () => {
  const route = await fetch(`${rig.url}ko/sandbox?seed=1`, { headers: { 'accept-encoding': 'br' } });
  assert.equal(route.status, 200);
  assert.equal(route.headers.get('content-encoding'), 'br');
  assert.match(await route.text(), /id="?boot/);
  assert.equal((await fetch(`${rig.url}no-such-file.js`)).status, 404);
  const outside = await fetch(`${rig.url}..%2fCargo.toml`);
  assert.equal(outside.status, 404);
  assert.doesNotMatch(await outside.text(), /\[package\]/);
});

test('under another path the server sends people to it', async () => {
  const server = await serve({ publicUrl: '/sub/path/' });
  assert.match(server.url, /\/sub\/path\/$/);
  const answer = await fetch(new URL('/', server.url), { redirect: 'manual' });
  assert.equal(answer.headers.get('location'), '/sub/path/');
  assert.equal((await fetch(`${server.url}editor.js`)).status, 200);
  await server.close();
});

test('on a slow phone the picture stands after at most 1.5 seconds', async () => {
  const times = [];
  for (let run = 0; run < 3; run += 1) {
    const { page, close } = await open(rig, 'about:blank', { lang: 'ko', viewport: VIEWPORTS['390x844'], wait: false });
    await slowDown(page);
    await page.goto(rig.url, { waitUntil: 'commit' });
    const paint = () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime;
    times.push(await (await page.waitForFunction(paint)).jsonValue());
    await close();
  }
  const [, median] = times.sort((a, b) => a - b);
  assert.ok(median <= 1500, `first contentful paint after ${times.map(Math.round).join(', ')} ms`);
});

test('the policy allows no inline script, no eval beyond wasm, and nobody else is asked', async () => {
  const asked = new Set();
  const init = () => {
    window.broken = [];
    document.addEventListener('securitypolicyviolation', (event) => window.broken.push(event.violatedDirective));
  };
  const { page, errors, close } = await open(rig, 'en/sandbox?speed=10', { init, before: (opened) => opened.on('request', (request) => asked.add(new URL(request.url()).origin)) });
  const policy = await page.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute('content');
  const [scripts] = policy.split(';').filter((part) => part.trim().startsWith('script-src'));
  assert.doesNotMatch(scripts, /unsafe-inline|'unsafe-eval'|https?:|\*/);
  await page.getByTestId('try-deployment').click();
  await page.waitForFunction(() => window.__bottle.readyPods >= 9, null, { timeout: 60_000 });
  await page.getByTestId('language').click();
  assert.deepEqual([...asked].filter((origin) => origin.startsWith('http')), [new URL(rig.url).origin]);
  assert.deepEqual(await page.evaluate(() => window.broken), []);
  assert.deepEqual(errors, []);
  await close();
});
