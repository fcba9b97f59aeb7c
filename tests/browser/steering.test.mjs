// Steering what is seen: the two truths, branches, keys of single letters, the phone's small map; and what is left when
// the program breaks.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { open, opener, rigged, VIEWPORTS } from './rig.mjs';

const SANDBOX = 'en/sandbox?scenario=three-ships&seed=42';
const WAIT = { timeout: 60_000 };
const rig = rigged();
const fresh = opener(rig);

async function sandbox(query = '', options = {}) {
  return (await fresh(SANDBOX + query, options)).page;
}

const kinds = (page) => page.evaluate(() => window.__bottle.displayList().map(({ kind }) => kind));
const drawn = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

test('a lost ship: what the control plane believes, how long its pods may stay, and what is really so', async () => {
  const page = await sandbox('&speed=100&sel=nodes/node-1');
  await page.getByTestId('examples').selectOption('deployment');
  await page.getByTestId('apply').click();
  const onFirst = () => window.__bottle.view().nodes.some(({ name, pods }) => name === 'node-1' && pods.some((pod) => pod.ready && pod.namespace === 'default'));
  await page.waitForFunction(onFirst, null, WAIT);
  await page.getByTestId('faults').locator('summary').click();
  await page.getByRole('button', { name: 'Cut the network' }).click();
  const lost = () => window.__bottle.displayList().some(({ id }) => id === 'eviction/node-1');
  await page.waitForFunction(lost, null, WAIT);
  await page.getByTestId('play').click();
  await drawn(page);
  assert.ok((await kinds(page)).includes('fog'));
  const left = await page.evaluate(() => window.__bottle.displayList().find(({ id }) => id === 'eviction/node-1').text);
  assert.match(left, /may stay on this ship for \d+ s more/);
  await page.getByTestId('truth').click();
  await drawn(page);
  const actual = await kinds(page);
  assert.ok(actual.includes('cut') && !actual.includes('fog'), actual.join());
  assert.match(page.url(), /truth=actual/);
  await page.locator('body').press('t');
  await drawn(page);
  assert.ok((await kinds(page)).includes('fog'));
});

test('acting in the past leaves a branch that can be gone back to, exactly', async () => {
  const page = await sandbox('&speed=10');
  const state = () => page.evaluate(() => ({ t: window.__bottle.t, hash: window.__bottle.hash() }));
  await page.getByTestId('examples').selectOption('pod');
  await page.getByTestId('apply').click();
  await page.waitForFunction(() => window.__bottle.view().objects.Pod === 7, null, WAIT);
  await page.getByTestId('tab-events').click();
  const happened = page.getByTestId('events').locator('tr', { hasText: 'hello' }).getByRole('button', { name: 'Pulling', exact: true });
  await happened.waitFor(WAIT);
  await page.getByTestId('play').click();
  await drawn(page);
  const end = await state();
  assert.equal(await page.getByTestId('branches').count(), 0);
  // What happened is selected, and did not happen in another run.
  await happened.click();
  await page.getByTestId('fact').waitFor();
  await page.getByTestId('start').click();
  await page.getByTestId('fact').waitFor();
  await page.getByTestId('tab-manifest').click();
  await page.getByTestId('examples').selectOption('deployment');
  await page.getByTestId('apply').click();
  await page.getByTestId('branches').waitFor();
  await page.getByTestId('fact').waitFor({ state: 'detached' });
  await page.waitForFunction(() => window.__bottle.view().objects.ReplicaSet === 2, null, WAIT);
  await page.getByTestId('branches').selectOption('0');
  await page.getByTestId('to-present').click();
  await page.waitForFunction((t) => window.__bottle.t === t, end.t, WAIT);
  assert.deepEqual(await state(), end);
  // All, the one branch, and comparing with it.
  assert.equal(await page.getByTestId('branches').locator('option').count(), 3);
});

test('single letters are keys, unless they are switched off in the help', async () => {
  const page = await sandbox();
  const speed = () => page.getByTestId('speed').inputValue();
  await page.locator('body').press('4');
  assert.equal(await speed(), '10');
  await page.locator('body').press('l');
  await page.waitForFunction(() => document.activeElement.getAttribute('role') === 'tree');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.getByTestId('play').focus();
  await page.keyboard.press('y');
  await page.waitForFunction(() => document.activeElement.closest('[data-testid=inspector]') !== null);
  await page.getByTestId('play').focus();
  await page.keyboard.press('?');
  await page.getByTestId('letters').uncheck();
  await page.keyboard.press('Escape');
  await page.locator('body').press('1');
  assert.equal(await speed(), '10');
  await page.reload();
  await page.waitForFunction(() => window.__bottle?.ready);
  await page.locator('body').press('2');
  assert.notEqual(await speed(), '0.1');
});

test('a tap on the small map of a phone looks there', async () => {
  const page = await sandbox('', { viewport: VIEWPORTS['390x844'], touch: true });
  await page.getByTestId('play').click();
  const place = (id) => page.evaluate((wanted) => window.__bottle.displayList().find((item) => item.id === wanted), id);
  const hut = await place('hut');
  const stage = await page.locator('.stage-view canvas').boundingBox();
  assert.ok(hut.x < 0, 'the hut is not in sight');
  await page.touchscreen.tap(stage.x + 8 + 6, stage.y + 8 + 20);
  await drawn(page);
  const now = await place('hut');
  assert.ok(now.x >= 0 && now.x + now.w <= stage.width, JSON.stringify(now));
});

test('what was applied, and every workload, can be selected by its name', async () => {
  const page = await sandbox('&speed=100');
  await page.getByTestId('examples').selectOption('deployment');
  await page.getByTestId('apply').click();
  await page.getByTestId('problems').getByRole('button', { name: 'deployment.apps/web' }).click();
  await page.getByTestId('inspector').getByRole('heading', { name: 'web', exact: true }).waitFor();
  await page.getByTestId('tree').getByText('Deployment 3/3').waitFor(WAIT);
  await page.getByTestId('tree').getByRole('treeitem').filter({ hasText: 'kubernetes' }).click();
  await page.getByTestId('inspector').getByRole('heading', { name: 'kubernetes', exact: true }).waitFor();
});

test('when the program breaks a sentence says so, and the way back loses nothing', async () => {
  const { page, close } = await open(rig, `${SANDBOX}&t=0`);
  // The browser stops doing what every browser does.
  await page.evaluate(() => {
    const refuse = (proto, name, tag) => {
      const real = proto[name];
      proto[name] = function refused(...args) {
        if (tag(this, args).toLowerCase() === 'li') throw new DOMException('refused');
        return real.apply(this, args);
      };
    };
    refuse(Document.prototype, 'createElement', (_, [name]) => String(name));
    refuse(Node.prototype, 'cloneNode', (node) => node.nodeName);
  });
  await page.getByTestId('examples').selectOption('deployment');
  await page.getByTestId('apply').click();
  const cover = page.getByRole('alertdialog');
  const back = cover.getByRole('link', { name: 'Reload and go on' });
  await back.waitFor(WAIT);
  assert.match(await cover.innerText(), /The program has broken[^]*everything you did are kept[^]*refused/);
  // Nothing else can be reached: the way back has the focus, Tab goes to the log of what was done and no further.
  const focused = () => page.evaluate(() => document.activeElement.textContent);
  assert.equal(await focused(), 'Reload and go on');
  await page.keyboard.press('Tab');
  assert.match(await focused(), /Save what was done/);
  const downloading = page.waitForEvent('download');
  await page.keyboard.press('Enter');
  const log = await readFile(await (await downloading).path(), 'utf8');
  assert.match(log, /kind: Deployment/);
  const [, inputs] = JSON.parse(log);
  assert.equal(inputs.length, 1);
  assert.match(await page.evaluate(() => sessionStorage.getItem('bottle.inputs')), /kind: Deployment/);
  await back.click();
  await page.waitForFunction(() => window.__bottle?.ready, null, WAIT);
  assert.equal(await page.getByRole('alertdialog').count(), 0);
  await page.getByTestId('play').click();
  await page.waitForFunction(() => window.__bottle.view().objects.Deployment === 2, null, WAIT);
  await close();
});

test('the pointer’s word covers no captain; what is selected needs none; aboard, volumes have their whole names', async () => {
  const page = await sandbox('&speed=10');
  await page.getByTestId('examples').selectOption('deployment');
  await page.getByTestId('apply').click();
  await page.waitForFunction(() => window.__bottle.readyPods >= 9, null, WAIT);
  await page.getByTestId('play').click();
  await drawn(page);
  const canvas = await page.locator('.stage-view canvas').boundingBox();
  const [crates, cabins] = await page.evaluate(() => {
    const list = window.__bottle.displayList();
    return [list.filter(({ kind, ref }) => kind === 'pod' && /default/.test(ref)), list.filter(({ kind }) => kind === 'kubelet')];
  });
  assert.equal(crates.length, 3);
  for (const { x, y, w, h } of crates) {
    await page.mouse.move(canvas.x + x + w / 2, canvas.y + y + h / 2);
    const tip = await page.locator('.tip').boundingBox();
    for (const cabin of cabins) {
      const [left, top] = [canvas.x + cabin.x, canvas.y + cabin.y];
      const over = tip.x + 2 < left + cabin.w && left < tip.x + tip.width - 2 && tip.y < top + cabin.h && top < tip.y + tip.height;
      assert.ok(!over, `${cabin.id}: ${JSON.stringify(tip)}`);
    }
  }
  await page.mouse.down();
  await page.mouse.up();
  await page.waitForFunction(() => window.__bottle.displayList().some(({ id }) => id.startsWith('label/named/')));
  await page.locator('.tip').waitFor({ state: 'detached' });
  await page.getByTestId('aboard').click();
  await page.waitForFunction(() => window.__bottle.displayList().some(({ text }) => /kube-api-access-[a-z0-9]{5} /.test(text)));
});
