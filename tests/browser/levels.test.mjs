// The detail levels and how they are looked at; what the address, a file and the browser keep of a run.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inaccessible, open, ready, rigged, VIEWPORTS } from './rig.mjs';

const rig = rigged();

const kinds = (page) => page.evaluate(() => window.__bottle.displayList().map((item) => item.kind));
const hash = (page) => page.evaluate(() => window.__bottle.hash());
const item = (page, id) => page.evaluate((wanted) => window.__bottle.displayList().find((one) => one.id === wanted), id);

test('sixty ships are hulls from above, tiles from afar, and a deck from within', async () => {
  const { page, errors, close } = await open(rig, 'en/sandbox?scenario=sixty-ships&t=0');
  assert.ok((await kinds(page)).includes('hull'));
  assert.equal((await kinds(page)).filter((kind) => kind === 'ship').length, 60);
  const { x, y, w, h } = await item(page, 'node/a-large-1');
  await page.locator('.stage-view canvas').click({ position: { x: x + w / 2, y: y + h / 2 } });
  await page.getByTestId('aboard').click();
  await page.waitForFunction(() => window.__bottle.displayList().some((one) => one.kind === 'loop'));
  assert.match(page.url(), /deck=a-large-1/);
  await page.getByTestId('ashore').click();
  await page.waitForFunction(() => window.__bottle.displayList().some((one) => one.kind === 'hull'));
  assert.deepEqual(errors, []);
  await close();
});

test('a fleet is one picture of pixels; a touch comes nearer, and all of it stays in the tree', async () => {
  const { page, close } = await open(rig, 'ko/sandbox?scenario=three-hundred-ships&t=0', { lang: 'ko', viewport: VIEWPORTS['390x844'] });
  await page.waitForFunction(() => window.__bottle.displayList().some((one) => one.id === 'field'));
  const [size] = await page.getByTestId('tree').locator('[role=treeitem]').all();
  assert.ok(size);
  assert.equal(await page.evaluate(() => window.__bottle.view().nodes.length), 301);
  await close();
});

test('the address says where the camera has come to rest, and opens there', async () => {
  const { page, errors, close } = await open(rig, 'en/sandbox?t=0');
  const place = async (on) => (await item(on, 'node/node-1')).x;
  const before = await place(page);
  await page.locator('.camera .zoom').last().click();
  await page.waitForURL(/cam=/);
  const near = await place(page);
  assert.notEqual(near, before);
  const again = await open(rig, page.url().replace(rig.url, ''));
  // The address rounds to whole world units.
  assert.ok(Math.abs((await place(again.page)) - near) < 1.5, `${await place(again.page)} and not ${near}`);
  await page.getByTitle('Show everything').click();
  await page.waitForURL((url) => !url.search.includes('cam='));
  assert.equal(await place(page), before);
  const far = await open(rig, 'en/sandbox?t=0&cam=-1999,4999,1999');
  assert.ok((await kinds(far.page)).length > 0);
  for (const one of [again, far]) {
    assert.deepEqual(one.errors, []);
    await one.close();
  }
  assert.deepEqual(errors, []);
  await close();
});

test('a large harbour comes up behind a bar that moves', async () => {
  const seen = () => {
    window.shares = [];
    const look = () => {
      const bar = document.querySelector('#boot progress');
      if (window.__bottleBoot && bar) window.shares.push(bar.value);
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  };
  const { page, errors, close } = await open(rig, 'en/sandbox?scenario=three-hundred-ships&t=0', { init: seen });
  const shares = await page.evaluate(() => window.shares);
  // The bar has told of the program before, to its end; then of the harbour, again from its beginning.
  const last = shares.slice(shares.findLastIndex((share, at) => at > 0 && share < shares[at - 1]));
  assert.ok(new Set(last).size > 5, `the bar stood at ${[...new Set(last)]}`);
  assert.deepEqual(errors, []);
  await close();
});

test('a search lights up what it finds, by name and by label, and says when it cannot be read', async () => {
  const { page, close } = await open(rig, 'en/sandbox?scenario=sixty-ships&t=0');
  await page.locator('body').press('/');
  const field = page.getByTestId('search');
  await field.fill('node-pool=large');
  await page.getByText('18 nodes').waitFor();
  await field.fill('zone-a');
  await page.getByText('0 nodes').waitFor();
  await field.fill('a-small');
  await page.getByText('14 nodes').waitFor();
  assert.match(page.url(), /find=a-small/);
  await field.fill('app in (a');
  await page.locator('.view-tools .quiet').filter({ hasText: /unable to parse|\S{6}/ }).waitFor();
  await page.getByTestId('colours').selectOption('pool');
  await page.locator('.legend li').filter({ hasText: 'large' }).waitFor();
  await page.getByTestId('labels-mode').selectOption('harbour');
  await page.waitForFunction(() => window.__bottle.displayList().some((one) => one.kind === 'label' && one.text === 'Bridge'));
  assert.deepEqual(await inaccessible(page), []);
  await close();
});

test('Back leads to what was selected before', async () => {
  const { page, close } = await open(rig, 'en/sandbox?t=0&sel=nodes/node-1');
  const name = page.locator('.insp-name');
  assert.equal(await name.textContent(), 'node-1');
  for (const id of ['node/node-2', 'node/node-3']) {
    const { x, y, w, h } = await item(page, id);
    await page.locator('.stage-view canvas').click({ position: { x: x + w * 0.6, y: y + h * 0.75 } });
  }
  await name.getByText('node-3').waitFor();
  await page.goBack();
  await name.getByText('node-2').waitFor();
  await page.goBack();
  await name.getByText('node-1').waitFor();
  await page.goForward();
  await name.getByText('node-2').waitFor();
  await close();
});

test('a link holds what was done: another browser sees the same, to the hash; so does a reload', async () => {
  const { page, close } = await open(rig, 'en/sandbox?seed=7');
  await page.getByTestId('apply').click();
  await page.waitForFunction(() => window.__bottle.readyPods >= 9, null, { timeout: 60_000 });
  await page.getByTestId('share').click();
  const link = page.getByTestId('share-link');
  await page.waitForFunction(() => /#w=.+/.test(document.querySelector('[data-testid=share-link]').value) && /[?&]t=/.test(location.search));
  const address = await link.inputValue();
  const seen = await hash(page);
  const moment = await page.evaluate(() => window.__bottle.t);
  const other = await open(rig, address.slice(rig.url.length));
  await other.page.waitForFunction((t) => Math.abs(window.__bottle.t - t) < 1 && window.__bottle.readyPods >= 9, moment, { timeout: 60_000 });
  assert.equal(await hash(other.page), seen);
  await other.page.reload();
  await ready(other.page);
  await other.page.waitForFunction((t) => Math.abs(window.__bottle.t - t) < 1 && window.__bottle.readyPods >= 9, moment, { timeout: 60_000 });
  assert.equal(await hash(other.page), seen);
  await other.close();
  await close();
});

test('damaged and newer links are refused with a sentence', async () => {
  for (const [payload, sentence] of [
    ['AAAA', 'is damaged'],
    ['%00', 'is damaged'],
    ['x'.repeat(70_000), 'longer than a link'],
  ]) {
    const { page, errors, close } = await open(rig, `en/sandbox?t=0#w=${payload}`);
    await page.locator('.notice').getByText(sentence).waitFor();
    assert.deepEqual(errors, []);
    await close();
  }
  const { page, close } = await open(rig, 'en/sandbox?t=0');
  const newer = await page.evaluate(() => window.__bottleKeep.pack('{"version":99,"inputs":[]}'));
  const bomb = await page.evaluate(() => window.__bottleKeep.pack('0'.repeat(40_000_000)));
  await close();
  for (const [payload, sentence] of [[newer, 'newer version'], [bomb, 'is damaged']]) {
    const opened = await open(rig, `en/sandbox?t=0#w=${payload}`);
    await opened.page.locator('.notice').getByText(sentence).waitFor();
    await opened.close();
  }
});

test('a run is saved as a file, and the file opens it', async () => {
  const { page, close } = await open(rig, 'ko/sandbox?seed=9', { lang: 'ko' });
  await page.getByTestId('apply').click();
  await page.waitForFunction(() => window.__bottle.readyPods >= 9, null, { timeout: 60_000 });
  await page.getByTestId('share').click();
  await page.waitForFunction(() => /[?&]t=/.test(location.search));
  const seen = await hash(page);
  const downloading = page.waitForEvent('download');
  await page.getByTestId('save-run').click();
  const file = await (await downloading).path();
  const picture = page.waitForEvent('download');
  await page.getByTestId('export-svg').click();
  assert.match((await picture).suggestedFilename(), /^three-ships-9-.*\.svg$/);
  // Every file says in its name and in itself what it is of.
  const stamp = /three-ships-9-\d\d-\d\d\.\d{3}-v\d+\.\d+\.\d+/;
  for (const [what, parts] of [
    ['export-strip', { '<svg x="': 4, 'scale\\(0.017': 4 }],
    ['export-manifests', { 'kind: Deployment': 1, '---\n# 00:': 1 }],
    ['export-transcript', { '쿠버네티스|API 서버': 3 }],
    ['export-png-1', {}],
  ]) {
    const coming = page.waitForEvent('download');
    await page.getByTestId(what).click();
    const exported = await coming;
    assert.match(exported.suggestedFilename(), stamp);
    const content = (await import('node:fs')).readFileSync(await exported.path(), 'utf8');
    if (!what.startsWith('export-png')) assert.match(content, stamp, what);
    for (const [part, least] of Object.entries(parts)) {
      const count = [...content.matchAll(new RegExp(part, 'g'))].length;
      assert.ok(count >= least, `${what}: ${part} ${count} times`);
    }
  }
  const text = (await import('node:fs')).readFileSync(file, 'utf8');
  await page.keyboard.press('Escape');
  const other = await open(rig, 'ko/sandbox?seed=1', { lang: 'ko' });
  await other.page.locator('input[type=file]').setInputFiles({ name: 'a.bottle.json', mimeType: 'application/json', buffer: Buffer.from(text) });
  await other.page.waitForURL(/seed=9/);
  await ready(other.page);
  await other.page.waitForFunction(() => window.__bottle.readyPods >= 9, null, { timeout: 60_000 });
  assert.equal(await hash(other.page), seen);
  await other.close();
  await close();
});

test('requests with their gates, the timeline, history and owners, etcd, effects and the palette show the same run', async () => {
  const { page, errors, close } = await open(rig, 'en/sandbox?sel=deployments/default/web');
  await page.getByTestId('apply').click();
  await page.getByTestId('twin').getByText('Deployment 3/3').waitFor({ timeout: 60_000 });
  await page.getByTestId('play').click();
  await page.getByTestId('tab-requests').click();
  const post = page.getByTestId('requests').locator('tr').filter({ hasText: 'POST /apis/apps/v1/namespaces/default/deployments' });
  assert.equal(await post.first().getByTestId('gates').locator('.lamp.lit').count(), 7);
  assert.match(await post.first().textContent(), /201/);
  const summary = (title) => page.locator('.insp summary').filter({ hasText: title });
  await summary('History').click();
  await page.getByTestId('history').getByText('status.availableReplicas').first().waitFor();
  await summary('YAML as stored').click();
  const line = (text) => page.locator('.yaml-line').filter({ hasText: text }).first();
  assert.match(await line('replicas: 3').locator('.badge').getAttribute('data-who'), /U/);
  assert.match(await line('progressDeadlineSeconds').locator('.badge').getAttribute('data-who'), /A/);
  assert.match(await line('availableReplicas').locator('.badge').getAttribute('data-who'), /C/);
  await page.getByTestId('effects').last().click();
  assert.ok((await page.locator('.effects .cause').count()) > 5);
  await page.getByTestId('tab-timeline').click();
  const chart = page.locator('.timeline-chart canvas');
  const { width, height } = await chart.boundingBox();
  for (let x = 0.2; x < 0.95; x += 0.02) {
    await chart.click({ position: { x: width * x, y: (height * 3.5) / 8 } });
    if (/node-\d/.test(await page.locator('.timeline-told').textContent())) break;
  }
  assert.match(await page.locator('.timeline-told').textContent(), /node-\d/);
  await page.getByTestId('bookmark').click();
  assert.equal(await page.getByTestId('bookmarks').locator('option').count(), 2);
  assert.deepEqual(await inaccessible(page), []);
  await page.keyboard.press('Control+k');
  await page.getByTestId('palette').locator('input').fill('node-2');
  await page.keyboard.press('Enter');
  await page.locator('.insp-name').getByText('node-2').waitFor();
  await page.getByTestId('tree').locator('[role=treeitem]').filter({ hasText: 'etcd' }).first().click();
  await page.getByTestId('etcd').getByText('/registry/minions · 4').waitFor();
  await page.getByTestId('etcd').getByText('/registry/deployments').click();
  await page.getByTestId('etcd').getByText('default/web ·').waitFor();
  assert.deepEqual(await inaccessible(page), []);
  assert.deepEqual(errors, []);
  await close();
});

test('the timeline comes nearer and moves by buttons, keys and wheel, and arrows lead from cause to effect', async () => {
  const { page, errors, close } = await open(rig, 'en/sandbox?speed=10');
  await page.getByTestId('apply').click();
  await page.waitForFunction(() => window.__bottle.readyPods >= 9, null, { timeout: 60_000 });
  await page.getByTestId('play').click();
  await page.getByTestId('tab-timeline').click();
  const canvas = page.locator('.timeline-chart canvas');
  const picture = () => canvas.evaluate((one) => one.toDataURL());
  /** Does something, and gives the picture that is another for it. */
  const after = async (act) => {
    const before = await picture();
    await act();
    await page.waitForFunction((old) => document.querySelector('.timeline-chart canvas').toDataURL() !== old, before);
    return picture();
  };
  const whole = await picture();
  const press = (key) => after(async () => {
    await page.locator('.timeline-chart').focus();
    await page.keyboard.press(key);
  });
  const near = await press('w');
  assert.notEqual(await press('a'), near);
  assert.equal(await press('d'), near);
  assert.notEqual(await press('ArrowRight'), near);
  assert.equal(await press('ArrowLeft'), near);
  assert.equal(await press('s'), whole, 'as far as it goes is all of it');
  await press('w');
  assert.equal(await press('f'), whole);
  const tool = (name) => after(() => page.getByTestId('timeline').getByRole('button', { name }).click());
  const nearer = await tool('Zoom in');
  assert.notEqual(nearer, near, 'the button goes further than a key');
  assert.equal(await tool('Zoom out'), whole);
  await tool('Zoom in');
  assert.equal(await tool('Whole run'), whole);
  const { x, y, width, height } = await canvas.boundingBox();
  await page.mouse.move(x + width / 2, y + height / 2);
  assert.equal(await after(() => page.mouse.wheel(0, -100)), near);
  assert.notEqual(await after(() => page.mouse.wheel(100, 0)), near);
  assert.equal(await after(() => page.mouse.wheel(-100, 0)), near);
  assert.equal(await after(() => page.mouse.wheel(0, 100)), whole);

  /** How many pixels of each lane have the arrows' colour. */
  const lanes = () => canvas.evaluate((one) => {
    const probe = document.createElement('canvas').getContext('2d');
    const bearer = document.body.appendChild(document.createElement('i'));
    bearer.style.color = 'var(--accent)';
    probe.fillStyle = getComputedStyle(bearer).color;
    bearer.remove();
    probe.fillRect(0, 0, 1, 1);
    const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
    const { data, width: wide, height: high } = one.getContext('2d').getImageData(0, 0, one.width, one.height);
    const found = Array(8).fill(0);
    for (let pixel = 0; pixel < wide * high; pixel += 1) {
      if (data[4 * pixel] === r && data[4 * pixel + 1] === g && data[4 * pixel + 2] === b) found[Math.floor((Math.floor(pixel / wide) / high) * 8)] += 1;
    }
    return found;
  });
  const without = await lanes();
  // A slice of a kubelet: its causes are in other lanes.
  for (let share = 0.2; share < 0.95 && !/node-\d/.test(await page.locator('.timeline-told').textContent()); share += 0.02) {
    await canvas.click({ position: { x: width * share, y: (height * 5.5) / 8 } });
  }
  assert.match(await page.locator('.timeline-told').textContent(), /node-\d/);
  await page.waitForFunction((old) => document.querySelector('.timeline-chart canvas').toDataURL() !== old, whole);
  const drawn = await lanes();
  const more = drawn.filter((pixels, lane) => pixels > without[lane] + 10).length;
  assert.ok(more >= 4, `arrows in ${more} lanes: ${without} became ${drawn}`);
  const told = (await page.locator('.timeline-told').textContent()).replace(/^\S+\s+/, '');
  await page.getByTestId('timeline-why').click();
  await page.getByTestId('fact').getByRole('heading', { level: 2 }).getByText(told).waitFor();
  await page.getByTestId('why').getByText('You submit a manifest').waitFor();
  assert.deepEqual(await inaccessible(page), []);
  assert.deepEqual(errors, []);
  await close();
});

test('until something of a component changes; without a selection that is not offered', async () => {
  const { page, errors, close } = await open(rig, 'en/sandbox?seed=3');
  await page.getByTestId('play').click();
  const option = page.getByTestId('until').locator('option[value=until-selected]');
  const offered = async () => {
    await page.keyboard.press('Control+k');
    await page.getByTestId('palette').locator('input').fill('Until the selected');
    const count = await page.getByTestId('palette').getByRole('option').count();
    await page.keyboard.press('Escape');
    return count;
  };
  assert.equal(await option.isDisabled(), true);
  assert.match(await option.textContent(), /select an object or a component first/);
  assert.equal(await offered(), 0);
  await page.getByTestId('tree').getByRole('treeitem').filter({ hasText: 'Scheduler' }).first().click();
  assert.equal(await option.isDisabled(), false);
  assert.equal(await offered(), 1);
  const before = await page.evaluate(() => window.__bottle.t);
  await page.getByTestId('apply').click();
  await page.getByTestId('until').selectOption('until-selected');
  await page.waitForFunction((t) => window.__bottle.t > t && document.querySelector('[data-testid=play]').getAttribute('aria-pressed') === 'false', before, { timeout: 60_000 });
  await page.getByTestId('caption').getByText(/^By its watch, the scheduler/).waitFor();
  const passed = (await page.evaluate(() => window.__bottle.t)) - before;
  assert.ok(passed < 1000, `the scheduler was heard of after ${passed} ms`);
  assert.deepEqual(errors, []);
  await close();
});

test('the run goes on until the next event, and until something of what is selected changes', async () => {
  const { page, errors, close } = await open(rig, 'en/sandbox?seed=3&sel=deployments/default/web');
  await page.getByTestId('play').click();
  await page.getByTestId('apply').click();
  const goes = async (what) => {
    const before = await page.evaluate(() => window.__bottle.t);
    await page.getByTestId('until').selectOption(what);
    await page.waitForFunction((t) => window.__bottle.t > t && document.querySelector('[data-testid=play]').getAttribute('aria-pressed') === 'false', before, { timeout: 60_000 });
    return (await page.evaluate(() => window.__bottle.t)) - before;
  };
  const event = await goes('until-event');
  assert.ok(event < 1000, `the next event came after ${event} ms`);
  await page.waitForFunction(() => document.querySelector('[data-testid=play]').getAttribute('aria-pressed') === 'false');
  const revision = () => page.evaluate(() => window.__bottle.revision);
  const before = await revision();
  assert.ok((await goes('until-selected')) > 0);
  assert.ok((await revision()) > before);
  assert.deepEqual(errors, []);
  await close();
});

test('the run goes on until something happens, and two branches are compared', async () => {
  const { page, close } = await open(rig, 'en/sandbox?seed=3');
  await page.getByTestId('apply').click();
  await page.getByTestId('until').selectOption('until-settled');
  await page.waitForFunction(() => window.__bottle.readyPods >= 9 && document.querySelector('[data-testid=play]').getAttribute('aria-pressed') === 'false', null, { timeout: 60_000 });
  const settled = await page.evaluate(() => window.__bottle.t);
  assert.ok(settled > 10_000 && settled < 120_000, `${settled}`);
  await page.getByTestId('start').click();
  const field = page.locator('.cm-content');
  await field.click();
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\n');
  await page.getByTestId('apply').click();
  await page.getByTestId('branches').waitFor();
  await page.waitForFunction(() => window.__bottle.view().objects.ConfigMap > 0);
  await page.getByTestId('until').selectOption('until-settled');
  await page.waitForFunction(() => document.querySelector('[data-testid=play]').getAttribute('aria-pressed') === 'false', null, { timeout: 60_000 });
  await page.getByTestId('branches').selectOption('=0');
  const table = page.getByTestId('compare').locator('table');
  await table.getByText('Deployment default/web').waitFor();
  await table.getByText('ConfigMap default/other').waitFor();
  assert.deepEqual(await inaccessible(page), []);
  await close();
});
