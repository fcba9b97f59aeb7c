// The app as a person uses it: apply, look, pause, go back, switch language and theme; and what must never happen.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { inaccessible, open, opener, rigged, VIEWPORTS } from './rig.mjs';

const SANDBOX = 'sandbox?scenario=three-ships&seed=42';
const POD_MS = 60_000;
const MANIFEST = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
      - name: web
        image: nginx:1.27
`;

const rig = rigged();
const fresh = opener(rig);

async function sandbox({ lang = 'en', query = '', ...options } = {}) {
  return (await fresh(`${lang}/${SANDBOX}${query}`, { lang, ...options })).page;
}

const hook = (page, expression) => page.evaluate(`window.__bottle.${expression}`);
const state = (page) => page.evaluate(() => ({ t: window.__bottle.t, revision: window.__bottle.revision, hash: window.__bottle.hash() }));
const podsOf = (view, namespace = 'default') => [...view.nodes.flatMap((node) => node.pods), ...view.pending].filter((pod) => pod.namespace === namespace);

/** Puts a text into the editor, as typing would. */
async function write(page, text) {
  await page.locator('[data-testid=manifest-editor] .cm-content').fill(text);
}

/** Stops time and waits until the page has drawn that. */
async function pause(page) {
  await page.getByTestId('play').click();
  await page.waitForFunction(() => document.querySelector('[data-testid=play]').getAttribute('aria-pressed') === 'false');
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

/** Goes to a moment as the browser's Back button would. */
async function goTo(page, t) {
  await page.evaluate((ms) => {
    const url = new URL(location.href);
    url.searchParams.set('t', ms);
    history.replaceState(null, '', url);
    dispatchEvent(new PopStateEvent('popstate'));
  }, t);
  await page.waitForFunction((ms) => window.__bottle.t === ms, t);
}

const running = (wanted) => {
  const pods = window.__bottle.view().nodes.flatMap((node) => node.pods);
  return pods.filter((pod) => pod.namespace === 'default' && pod.phase === 'Running' && pod.ready).length >= wanted;
};

test('the harbour is settled when it comes: every node ready, nothing moves by itself, nothing is replayed', async () => {
  const page = await sandbox({ wait: false });
  // Both at the first picture: time passes soon.
  const first = await page.waitForFunction(() => window.__bottle?.ready && { view: window.__bottle.view(), list: window.__bottle.displayList() });
  const { view, list } = await first.jsonValue();
  assert.deepEqual(view.nodes.map(({ name, ready }) => [name, ready]), [['control-plane', true], ['node-1', true], ['node-2', true], ['node-3', true]]);
  assert.ok(podsOf(view, 'kube-system').length >= 6);
  assert.ok(podsOf(view, 'kube-system').every((pod) => pod.ready), JSON.stringify(view));
  assert.equal(await page.locator('#boot').count(), 0);
  assert.ok(list.length > 20);
  assert.equal(list.filter((item) => item.fact !== undefined).length, 0);
});

test('an example is applied with the button and runs, in the view and on the stage', async () => {
  const page = await sandbox({ query: '&speed=10' });
  await page.getByTestId('examples').selectOption('deployment');
  await page.getByTestId('apply').click();
  await page.getByTestId('problems').getByText('deployment.apps/web created').waitFor();
  await page.waitForFunction(running, 3, { timeout: POD_MS });
  const pods = podsOf(await hook(page, 'view()')).map((pod) => `Pod/${pod.namespace}/${pod.name}`);
  const drawn = new Set((await hook(page, 'displayList()')).map((item) => item.ref));
  for (const pod of pods) assert.ok(drawn.has(pod), `${pod} is not on the stage`);
  for (const pod of pods) await page.getByTestId('tree').getByText(pod.split('/')[2]).waitFor();
});

test('a first visit sees something happen within three seconds of the harbour, and one click answers what the page asks', async () => {
  const { page } = await fresh('en/', { wait: false });
  // The first heartbeat: told in a sentence, and marked for measuring.
  const t = await page.waitForFunction(() => performance.getEntriesByName('bottle:first-beat').length > 0 && window.__bottle.t, null, { timeout: POD_MS });
  assert.ok((await t.jsonValue()) <= 3000, `after ${await t.jsonValue()} ms`);
  await page.getByTestId('caption').getByText('renewed its lease').waitFor();
  assert.equal(await page.getByTestId('ask').getByRole('button').count(), 1);
  await page.getByTestId('ask').getByRole('button').click();
  await page.getByTestId('problems').getByText('deployment.apps/web created').waitFor({ timeout: POD_MS });
  await page.getByTestId('caption').getByText('Deployment').waitFor({ timeout: POD_MS });
});

test('a broken manifest is marked at its line, names its gate, and changes nothing', async () => {
  const page = await sandbox({ lang: 'ko' });
  const before = await hook(page, 'revision');
  await write(page, MANIFEST.replace('replicas: 2', 'replicas: -1'));
  await page.getByTestId('apply').click();
  await page.getByTestId('problems').getByText('검증 관문에서 거절됨 (422)').waitFor({ timeout: POD_MS });
  await page.getByTestId('problems').getByText('must be greater than or equal to 0').waitFor();
  assert.equal((await page.locator('.cm-line.bottle-error').innerText()).trim(), 'replicas: -1');
  const view = await hook(page, 'view()');
  assert.equal(podsOf(view).length, 0);
  assert.equal(view.objects.Deployment, 1, 'only CoreDNS');
  await pause(page);
  // Leases go on; nothing else may have been written.
  assert.ok((await hook(page, 'revision')) - before < 30);
});

test('nothing is written when a manifest is refused', async () => {
  const page = await sandbox({ query: '&t=0' });
  const objects = () => page.evaluate(() => window.__bottle.view().objects);
  const [before, there] = [await state(page), await objects()];
  await write(page, MANIFEST.replace('replicas: 2', 'replicas: -1'));
  await page.getByTestId('apply').click();
  await page.locator('.refusal').waitFor({ timeout: POD_MS });
  assert.ok((await hook(page, 't')) < 1000, 'within a second nothing is renewed but the leases of the two leaders');
  const writes = (await state(page)).revision - before.revision;
  assert.ok(writes <= 2, `${writes} writes`);
  assert.deepEqual(await objects(), there);
});

test('text that is not YAML is marked while it is written', async () => {
  const page = await sandbox();
  await write(page, 'apiVersion: v1\nkind: Pod\nmetadata: [\n');
  await page.locator('.cm-line.bottle-error').waitFor();
});

test('several files are opened together, as documents of one manifest, and all are applied', async () => {
  const page = await sandbox();
  const pod = (name) => `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}}\nspec:\n  containers:\n  - {name: c, image: nginx}\n`;
  const file = (name, text) => ({ name, mimeType: 'application/yaml', buffer: Buffer.from(text) });
  const three = [file('a.yaml', pod('a')), file('b.yaml', `${pod('b')}---\n${pod('c')}`)];
  await page.getByTestId('files').setInputFiles([...three, file('picture.yaml', '\u0000\u0001')]);
  await page.locator('.notices').getByText('picture.yaml').waitFor();
  await page.locator('.cm-content').getByText('name: a').waitFor();
  await page.getByTestId('apply').click();
  for (const name of ['a', 'b', 'c']) await page.getByTestId('problems').getByText(`pod/${name} created`).waitFor({ timeout: POD_MS });
});

test('files dropped anywhere on the page are opened, other things that are dragged are left alone', async () => {
  const page = await sandbox();
  const drop = (place, files) => page.evaluate(([selector, texts]) => {
    const dataTransfer = new DataTransfer();
    if (texts.length === 0) dataTransfer.setData('text/plain', 'words');
    for (const text of texts) dataTransfer.items.add(new File([text], 'a.yaml'));
    const send = (type) => !document.querySelector(selector).dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
    return [send('dragover'), send('drop')];
  }, [place, files]);
  assert.deepEqual(await drop('.stage canvas', ['kind: A\n', 'kind: B\n']), [true, true]);
  await page.locator('.cm-content').getByText('kind: B').waitFor();
  await page.getByTestId('tab-events').click();
  assert.deepEqual(await drop('.guide', ['kind: C\n']), [true, true]);
  await page.locator('.cm-content').getByText('kind: C').waitFor();
  assert.deepEqual(await drop('.guide', []), [false, false]);
});

test('an unknown field is refused in decoding, at its line', async () => {
  const page = await sandbox();
  await write(page, MANIFEST.replace('replicas: 2', 'replica: 2'));
  await page.getByTestId('dry-run').click();
  await page.getByTestId('problems').getByText('Refused at decoding (400)').waitFor({ timeout: POD_MS });
  assert.equal((await page.locator('.cm-line.bottle-error').innerText()).trim(), 'replica: 2');
});

test('pause stops everything at once', async () => {
  const page = await sandbox();
  await page.getByTestId('try-deployment').click();
  await page.waitForFunction(() => window.__bottle.displayList().some((item) => item.fact !== undefined));
  await pause(page);
  const before = await hook(page, 'displayList()');
  await page.waitForTimeout(2000);
  assert.deepEqual(await hook(page, 'displayList()'), before);
});

test('any earlier moment is reached again exactly, and the way back to the present too', async () => {
  const page = await sandbox({ query: '&t=0' });
  await write(page, MANIFEST);
  await page.getByTestId('apply').click();
  await page.getByTestId('speed').selectOption('10');
  await page.waitForFunction(running, 2, { timeout: POD_MS });
  await pause(page);
  const end = await state(page);
  const seen = [];
  for (const share of [0.1, 0.4, 0.8]) {
    await goTo(page, Math.floor(end.t * share));
    seen.push(await state(page));
  }
  await page.getByTestId('to-present').click();
  await page.waitForFunction((t) => window.__bottle.t === t, end.t);
  assert.deepEqual(await state(page), end);
  for (const moment of seen) {
    await goTo(page, moment.t);
    assert.deepEqual(await state(page), moment);
  }
});

test('the same deeds give the same hash natively', async (t) => {
  // `make test` builds it just before; another one could be of yesterday.
  const bottle = 'target/debug/bottle';
  if (!existsSync(bottle)) return t.skip('the native command is not built: cargo build --bin bottle');
  const file = join(mkdtempSync(join(tmpdir(), 'bottle-')), 'web.yaml');
  writeFileSync(file, MANIFEST);
  const native = (args) => {
    const { stderr } = spawnSync(bottle, ['run', '--seed', '42', '--for', '10s', '-o', 'json', ...args]);
    return stderr.toString().trim().split('\n').at(-1);
  };
  const quiet = await sandbox({ query: '&t=10000' });
  await quiet.waitForFunction(() => window.__bottle.t === 10000);
  assert.equal(await hook(quiet, 'hash()'), native([]));

  const page = await sandbox({ query: '&t=0' });
  await write(page, MANIFEST);
  await page.getByTestId('apply').click();
  await goTo(page, 10000);
  assert.equal(await hook(page, 'hash()'), native(['-f', file]));
});

test('steps go beat by beat, forward and back', async () => {
  const page = await sandbox({ query: '&t=0', reducedMotion: true });
  await write(page, MANIFEST);
  await page.getByTestId('apply').click();
  await page.getByTestId('speed').selectOption('10');
  await page.waitForFunction(running, 2, { timeout: POD_MS });
  await pause(page);
  await page.getByTestId('start').click();
  const times = [];
  for (let i = 0; i < 5; i += 1) {
    await page.getByTestId('step').click();
    await page.waitForTimeout(150);
    times.push(await hook(page, 't'));
  }
  assert.deepEqual([...new Set(times)].sort((a, b) => a - b), times, 'each step goes on');
  await page.getByTestId('step-back').click();
  assert.ok((await hook(page, 't')) < times.at(-1));
});

/** Texts that nobody has translated: keys, marks of missing arguments, and in Korean whole English sentences. */
function untranslated(page, lang) {
  const keys = readFileSync('assets/locales/en.ftl', 'utf8').split('\n').map((line) => line.split(' =')[0]).filter((key) => key.includes('-'));
  return page.evaluate(([language, known]) => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const text = node.textContent.trim();
      const element = node.parentElement;
      if (!text || element.closest('script, style, code, pre, .cm-editor, .tree-name, .dot, [data-testid=events], [lang]:not(html)')) continue;
      if (known.includes(text) || text.includes('{') || text.includes('[object')) found.push(text);
      // Four Latin words in a row are a sentence; the server's own words stand in code or quote it.
      if (language === 'ko' && !/[가-힣]/.test(text) && /([A-Za-z]{2,}\s+){3}[A-Za-z]{2,}/.test(text) && !element.closest('.refusal-message, .yaml')) found.push(text);
      if (language === 'en' && /[가-힣]/.test(text)) found.push(text);
    }
    return found;
  }, [lang, keys]);
}

test('the language switches at any time, without reload, and leaves nothing behind', async () => {
  const page = await sandbox({ lang: 'ko' });
  await page.getByTestId('try-deployment').click();
  await page.getByTestId('tree').getByText('node-1', { exact: true }).click();
  for (const tab of ['events', 'transcript', 'manifest']) {
    await page.getByTestId(`tab-${tab}`).click();
    assert.deepEqual(await untranslated(page, 'ko'), []);
  }
  await page.evaluate(() => (window.stays = true));
  await page.getByTestId('language').click();
  await page.getByRole('button', { name: 'Apply' }).waitFor();
  assert.equal(await page.evaluate(() => [document.documentElement.lang, location.pathname, window.stays].join()), 'en,/en/sandbox,true');
  for (const tab of ['events', 'transcript', 'manifest']) {
    await page.getByTestId(`tab-${tab}`).click();
    assert.deepEqual(await untranslated(page, 'en'), []);
  }
  const drawn = (await hook(page, 'displayList()')).filter((item) => /[가-힣]/.test(item.text ?? ''));
  assert.deepEqual(drawn, []);
});

test('the theme switches and stays after a reload, and so does the manifest', async () => {
  const page = await sandbox();
  await write(page, MANIFEST);
  await page.getByTestId('theme').click();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
  await page.waitForFunction(() => localStorage.getItem('bottle.manifest')?.includes('replicas: 2'));
  await page.reload();
  await page.waitForFunction(() => window.__bottle?.ready);
  await page.locator('.cm-content').getByText('replicas').waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
});

test('an address that cannot be understood becomes a sentence', async () => {
  const page = await sandbox({ query: '&nodes=-3&speed=fast&t=yesterday&sel=nothing' });
  for (const part of ['nodes=-3', 'speed=fast', 't=yesterday', 'sel=nothing']) {
    await page.locator('.notices').getByText(part).waitFor();
  }
});

test('with reduced motion nothing changes its place while time passes', async () => {
  const page = await sandbox({ reducedMotion: true });
  await page.getByTestId('try-deployment').click();
  const places = () => page.evaluate(() => Object.fromEntries(window.__bottle.displayList().map(({ id, x, y }) => [id, `${x},${y}`])));
  let before = await places();
  for (let i = 0; i < 12; i += 1) {
    await page.waitForTimeout(250);
    const now = await places();
    const moved = Object.keys(now).filter((id) => before[id] && before[id] !== now[id]);
    assert.deepEqual(moved, []);
    before = now;
  }
  const long = await page.evaluate(() => document.getAnimations().filter((one) => one.effect.getTiming().duration > 200).length);
  assert.equal(long, 0);
});

test('everything can be reached with the keyboard alone', async () => {
  const page = await sandbox();
  await page.getByTestId('tree').focus();
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await page.locator('[data-testid=inspector] h2').waitFor();
  assert.match(page.url(), /sel=/);
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => location.search.includes('components/kube-apiserver'));
  await page.locator('.cm-content').focus();
  await page.keyboard.press('Control+Enter');
  await page.getByTestId('problems').getByText('created').waitFor({ timeout: POD_MS });
});

test('what is said aloud is one polite sentence at a time', async () => {
  const page = await sandbox();
  await page.getByTestId('try-deployment').click();
  await page.waitForFunction(() => window.__bottle.announce.length >= 3, null, { timeout: POD_MS });
  const said = await hook(page, 'announce');
  assert.ok(said.every(({ t, text }) => Number.isFinite(t) && text.length > 0));
  assert.equal(await page.getByTestId('live').getAttribute('aria-live'), 'polite');
});

test('every beat is said aloud once: in one announcement of its own, or merged with its neighbours', async () => {
  const page = await sandbox();
  await page.evaluate(() => {
    const live = document.querySelector('[data-testid=live]');
    window.spoken = [];
    new MutationObserver(() => live.textContent && window.spoken.push({ at: performance.now(), text: live.textContent }))
      .observe(live, { childList: true, characterData: true, subtree: true });
  });
  await page.getByTestId('try-deployment').click();
  await page.waitForFunction(() => window.__bottle.readyPods >= 9, null, { timeout: POD_MS });
  await page.getByTestId('play').click();
  await page.getByTestId('tab-transcript').click();
  const beats = (await page.getByTestId('captions').locator('ol li > :last-child').allTextContents()).reverse();
  assert.ok(beats.length > 10, `${beats.length}`);
  // The last beat is said when its time has come.
  await page.waitForFunction((last) => window.spoken.some(({ text }) => text.includes(last)), beats.at(-1));
  const spoken = await page.evaluate(() => window.spoken);
  for (let index = 1; index < spoken.length; index += 1) {
    const apart = spoken[index].at - spoken[index - 1].at;
    assert.ok(apart > 1000, `${apart} ms between “${spoken[index - 1].text}” and “${spoken[index].text}”`);
  }
  // How a request ended, and what it made, may not be known yet when it is told.
  const plain = (text) => text.replaceAll(/ → \d+\)/g, ')').replaceAll(/: create (\w+) \S+ \(/g, ': create $1 (');
  let rest = spoken.map(({ text }) => plain(text)).join(' ');
  // One after another and nothing between them: each beat once. Neighbours that say the same may be said once.
  for (const [index, beat] of beats.map(plain).entries()) {
    if (rest.startsWith(beat)) rest = rest.slice(beat.length).trimStart();
    else assert.ok(index > 0 && beat === plain(beats[index - 1]), `“${beat}” is not said, but “${rest.slice(0, 200)}”`);
  }
  assert.equal(rest, '');
});

for (const [size, viewport] of Object.entries(VIEWPORTS)) {
  test(`axe finds nothing at ${size}`, async () => {
    for (const [lang, theme] of [['ko', 'light'], ['en', 'dark']]) {
      const page = await sandbox({ lang, theme, viewport });
      await page.getByTestId('play').click();
      assert.deepEqual(await inaccessible(page), [], `${lang} ${theme}`);
      await page.evaluate(() => document.querySelector('[data-testid=help]').click());
      assert.deepEqual(await inaccessible(page), [], `${lang} ${theme} help`);
    }
  });
}

test('no page scrolls sideways, down to 320 px', async () => {
  for (const lang of ['ko', 'en']) {
    // One page becomes narrower: what a size needs, it lays out anew.
    const page = await sandbox({ lang });
    for (const viewport of [...Object.values(VIEWPORTS), { width: 320, height: 640 }]) {
      await page.setViewportSize(viewport);
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      const tabs = await page.getByRole('tab').evaluateAll((all) => all.filter((tab) => tab.checkVisibility()).map((tab) => tab.id));
      assert.ok(tabs.length >= 5, `${lang} ${viewport.width}: ${tabs}`);
      const wide = await page.evaluate(async (ids) => {
        const wide = [];
        for (const id of ids) {
          document.getElementById(id).click();
          await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
          const { scrollWidth } = document.documentElement;
          if (scrollWidth > innerWidth) wide.push(`${id}: ${scrollWidth} > ${innerWidth}`);
        }
        return wide;
      }, tabs);
      assert.deepEqual(wide, [], `${lang} ${viewport.width}`);
    }
  }
});

test('the gallery shows every sprite, status and motion', async () => {
  const one = await fresh('ko/gallery', { lang: 'ko' });
  await one.page.locator('.gallery-sheets canvas').first().waitFor();
  // A run is played for the motions: each is shown where it first happened, with a sentence.
  const motions = one.page.getByTestId('motions').locator('figcaption');
  await motions.first().waitFor({ timeout: POD_MS });
  const said = await motions.allInnerTexts();
  assert.ok(said.length >= 24 && said.every((sentence) => /[가-힣]/.test(sentence)), said.join(' | '));
  assert.deepEqual(await inaccessible(one.page), []);
});
