// What the browser tests share: the site on a free port, one Chromium, pages with a language, size and theme.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium } from 'playwright-core';
import { chromiumPath } from '../../tools/chromium.mjs';
import { serve } from '../../tools/serve.mjs';

/** The sizes that the layouts are made for. */
export const VIEWPORTS = {
  '1440x900': { width: 1440, height: 900 },
  '1024x768': { width: 1024, height: 768 },
  '390x844': { width: 390, height: 844 },
};

// No sandbox: containers and root have none. The rest keeps Chromium from talking to anybody.
const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage', '--font-render-hinting=none',
];
const READY_MS = 30_000;

/** Starts the server and the browser; `stop()` ends both. */
export async function start({ dir = process.env.SITE_DIR ?? 'dist', publicUrl = '/', flags = [] } = {}) {
  const server = await serve({ dir, publicUrl });
  const browser = await chromium.launch({ executablePath: chromiumPath(), args: [...FLAGS, ...flags] });
  return {
    url: server.url,
    browser,
    async stop() {
      await browser.close();
      await server.close();
    },
  };
}

/** The rig of a test file, from before its first test until after its last. `start` as `start` takes it. */
export function rigged(make = start) {
  const rig = {};
  before(async () => Object.assign(rig, await make()));
  after(() => rig.stop?.());
  return rig;
}

/** Opens pages (as `open` does) which are closed after their test, and must have had no errors by then. */
export function opener(rig) {
  let opened = [];
  afterEach(async () => {
    const ended = opened;
    opened = [];
    for (const { errors, close } of ended) {
      await close();
      assert.deepEqual(errors, []);
    }
  });
  return async (path, options) => {
    const one = await open(rig, path, options);
    opened.push(one);
    return one;
  };
}

/**
 * Opens a path of the site (or a whole URL) in a context of its own.
 * Options: lang 'ko'|'en', theme 'light'|'dark', viewport, reducedMotion, javaScript, wait (for the app to be ready),
 * init (a function run in the page before its own scripts), before (gets the page before it goes anywhere), touch.
 * Returns { page, context, errors, close() }; `errors` fills with console errors, page errors and failed requests.
 */
export async function open(rig, path = '', options = {}) {
  const { lang = 'en', theme = 'light', viewport = VIEWPORTS['1440x900'], reducedMotion = false, javaScript = true, wait = true, init, before, touch = false } = options;
  const context = await rig.browser.newContext({
    locale: lang === 'ko' ? 'ko-KR' : 'en-US',
    colorScheme: theme,
    viewport,
    reducedMotion: reducedMotion ? 'reduce' : 'no-preference',
    javaScriptEnabled: javaScript,
    hasTouch: touch,
    serviceWorkers: 'block',
  });
  const page = await context.newPage();
  const errors = [];
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('requestfailed', (request) => {
    const why = request.failure()?.errorText;
    // Given up by the browser itself, because the page was left before the file had come.
    if (why !== 'net::ERR_ABORTED') errors.push(`${request.url()}: ${why}`);
  });
  if (init) await page.addInitScript(init);
  await before?.(page);
  await page.goto(new URL(path.replace(/^\//, ''), rig.url).href);
  if (wait) await ready(page);
  return { page, context, errors, close: () => context.close() };
}

/** Waits until the app says through its test hook that the harbour is there, and all of the program. */
export async function ready(page) {
  await page.waitForFunction(() => window.__bottle?.ready === true && window.__bottle.whole, null, { timeout: READY_MS });
}

/** Makes the page's network and processor those of a slow phone: 9 Mbit/s, 170 ms there and back, a quarter of the speed. */
export async function slowDown(page) {
  const session = await page.context().newCDPSession(page);
  const bytes = (9 * 1000 * 1000) / 8;
  await session.send('Network.enable');
  await session.send('Network.emulateNetworkConditions', { offline: false, latency: 170, downloadThroughput: bytes, uploadThroughput: bytes });
  await session.send('Emulation.setCPUThrottlingRate', { rate: 4 });
}

const AXE_TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** What axe finds wrong with the page as it is now: one line for each rule, with the first element that breaks it. */
export async function inaccessible(page) {
  const { violations } = await new AxeBuilder({ page }).withTags(AXE_TAGS).analyze();
  return violations.map((rule) => `${rule.id} (${rule.nodes.length}): ${rule.help}: ${rule.nodes[0].html.slice(0, 160)}`);
}

/** Writes a screenshot into target/screenshots, for a person to look at. */
export async function screenshot(page, name) {
  mkdirSync('target/screenshots', { recursive: true });
  await page.screenshot({ path: join('target/screenshots', `${name}.png`) });
}

/** A Deployment of so many web servers. */
export const deployment = (replicas) => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: ${replicas}
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
      - {name: web, image: 'nginx:1.27'}
`;
