// The site below another path: built for it, it finds all its files there, on deep routes too.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { open, rigged, start } from './rig.mjs';

const DIR = 'target/sub-site';
const PATH = '/sub/path/';
const rig = rigged(() => {
  // As `make build` does, so that what that has compiled is not compiled once more.
  execFileSync('tools/release.sh', ['--public-url', PATH, '--dist', DIR], { stdio: ['ignore', 'ignore', 'inherit'] });
  return start({ dir: DIR, publicUrl: PATH });
});

test('every file comes from below the path, and the app starts', async () => {
  const requested = [];
  const { page, errors, close } = await open(rig, 'about:blank', { lang: 'ko', wait: false });
  page.on('request', (request) => requested.push(new URL(request.url()).pathname));
  await page.goto(`${rig.url}en/sandbox?scenario=three-ships&seed=42`, { waitUntil: 'networkidle' });
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'en');
  await page.evaluate(() => document.fonts.load('16px "Pretendard Rest"', '쀍'));
  await page.evaluate(() => window.__bottleBoot.editor());
  assert.ok(requested.some((path) => path.endsWith('.wasm')), requested.join(' '));
  assert.deepEqual(requested.filter((path) => !path.startsWith(PATH)), []);
  assert.deepEqual(errors, []);
  await close();
});
