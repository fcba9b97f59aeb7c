// The panels beside the stage: what the inspector tells and why, what can be done with a thing, and the list of events.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import { inaccessible, open, rigged, VIEWPORTS } from './rig.mjs';

const rig = rigged();

const FAST = 'sandbox?scenario=three-ships&seed=42&speed=10';
const WAIT = { timeout: 30_000 };

/** The sandbox with an example applied, once `until` (given the view and the argument, in the page) holds. */
async function applied(example, until, options = {}) {
  const { lang = 'en', argument, ...rest } = options;
  const opened = await open(rig, `${lang}/${FAST}`, { lang, ...rest });
  const { page } = opened;
  if (rest.viewport?.width <= 640) await page.getByTestId('tab-manifest').click();
  await page.getByTestId('examples').selectOption(example);
  await page.getByTestId('apply').click();
  await page.waitForFunction(until, argument, WAIT);
  return opened;
}

/** The pods of the namespace default, as the test hook sees them. */
const READY_PODS = (count) => {
  const { nodes } = window.__bottle.view();
  return nodes.flatMap((node) => node.pods).filter((pod) => pod.namespace === 'default' && pod.ready).length === count;
};
const WAITING = (reason) => {
  const { nodes, pending } = window.__bottle.view();
  return [...nodes.flatMap((node) => node.pods), ...pending].some((pod) => pod.reason === reason || pod.status === reason);
};

/** Selects a row of the tree that has this text. */
async function select(page, text) {
  if (page.viewportSize().width <= 640) await page.getByTestId('tab-guide').click();
  await page.getByTestId('tree').getByRole('treeitem').filter({ hasText: text }).first().click();
  await page.getByTestId('inspector').getByRole('heading', { level: 2 }).waitFor();
}

test('a pod of a Deployment is explained back to the line of the manifest, which the editor shows', async () => {
  const { page, errors, close } = await applied('deployment', READY_PODS, { argument: 3 });
  await select(page, /^web-/);
  const inspector = page.getByTestId('inspector');
  await inspector.getByText('Running', { exact: true }).first().waitFor();
  const why = page.getByTestId('why');
  const last = why.locator('.cause').last();
  await last.getByText('You submit a manifest').waitFor();
  assert.match(await last.locator('.cause-line code').innerText(), /^replicas: 3/);
  assert.equal(await why.locator('.cause').count(), 6);
  await why.getByRole('button', { name: /earlier cause/ }).click();
  assert.ok((await why.locator('.cause').count()) > 6);
  await page.getByTestId('tab-events').click();
  await page.getByTestId('show-line').click();
  await page.getByTestId('manifest-editor').getByText('replicas:').waitFor();
  assert.deepEqual(errors, []);
  await close();
});

test('what is pressed is taken, even when it changes before the button is let go', async () => {
  const { page, errors, close } = await open(rig, 'en/sandbox?scenario=three-ships&seed=42&speed=0.5');
  await page.getByTestId('examples').selectOption('deployment');
  await page.getByTestId('apply').click();
  const rows = page.getByTestId('tree').getByRole('treeitem').filter({ hasText: /^web-/ });
  await rows.nth(2).waitFor();
  const row = rows.filter({ hasText: 'ContainerCreating' }).first();
  await row.scrollIntoViewIfNeeded();
  const { x, y } = await row.boundingBox();
  const before = await row.elementHandle();
  await page.mouse.move(x + 80, y + 12);
  await page.mouse.down();
  await page.waitForFunction(READY_PODS, 3, WAIT);
  assert.match(await before.innerText(), /ContainerCreating/, 'the panel holds still');
  await page.mouse.up();
  await page.getByTestId('inspector').getByRole('heading', { level: 2, name: /web-/ }).waitFor();
  await page.getByTestId('tree').getByRole('treeitem', { selected: true }).filter({ hasText: 'Running' }).waitFor();
  assert.deepEqual(errors, []);
  await close();
});

test('a cause leads to its moment, and the inspector shows that moment', async () => {
  const { page, close } = await applied('deployment', READY_PODS, { argument: 3 });
  await select(page, /^web-/);
  const before = await page.evaluate(() => window.__bottle.t);
  await page.getByTestId('why').locator('.cause-seek').last().click();
  await page.waitForFunction((t) => window.__bottle.t < t, before, WAIT);
  await page.getByTestId('inspector').getByText('Does not exist at this moment.').waitFor();
  await close();
});

test('a broken image is named in what is missing, with the words of the kubelet and the events', async () => {
  const { page, close } = await applied('bad-image', WAITING, { argument: 'ImagePullBackOff' });
  await select(page, /^bad-image/);
  const why = page.getByTestId('why');
  await why.locator('.lack').getByText('ImagePullBackOff').first().waitFor();
  await why.locator('.lack-quote').getByText('Back-off pulling image').waitFor();
  await why.locator('.lack-turn').getByText(/the kubelet on node-\d/).waitFor();
  assert.match(await why.locator('.cause-line code').innerText(), /image:/);
  await page.getByTestId('inspector').locator('.own-event.warning').getByText('Failed', { exact: true }).first().waitFor();
  await close();
});

test('a pod that fits nowhere shows the reason of each node, in Korean', async () => {
  const { page, close } = await applied('too-big', WAITING, { argument: 'Unschedulable', lang: 'ko' });
  await select(page, /^too-big/);
  const why = page.getByTestId('why');
  await why.getByText('필터를 통과한 노드가 0개입니다').waitFor();
  assert.equal(await why.locator('.verdicts tbody tr').count(), 4);
  assert.equal(await why.locator('.verdicts').getByText('cpu 부족').count(), 3);
  await why.locator('.lack-turn').getByText('스케줄러').waitFor();
  await close();
});

test('scale, a refusal and delete are done and answered beside the buttons', async () => {
  const { page, close } = await applied('deployment', READY_PODS, { argument: 3 });
  await page.getByTestId('tab-events').click();
  await page.getByTestId('events').getByRole('button', { name: /^deployment\.apps\/web|^deployment\/web/ }).first().click();
  await page.getByTestId('inspector').getByRole('heading', { name: 'web', exact: true }).waitFor();
  await page.getByRole('button', { name: 'One replica more' }).click();
  await page.getByTestId('scale').click();
  await page.getByTestId('outcome').getByText('deployment.apps/web scaled').waitFor(WAIT);
  await page.waitForFunction(READY_PODS, 4, WAIT);
  await page.getByTestId('inspector').getByText('4/4 Ready').waitFor(WAIT);
  await select(page, /^web-/);
  const pod = await page.getByTestId('inspector').getByRole('heading', { level: 2 }).innerText();
  await page.getByTestId('image').fill('');
  await page.getByTestId('set-image').click();
  await page.getByTestId('outcome').getByText(/is invalid: spec.containers\[0\].image: Required value/).waitFor(WAIT);
  await page.getByTestId('delete').click();
  await page.getByTestId('outcome').getByText(`pod/${pod} deleted`).waitFor(WAIT);
  const gone = (name) => window.__bottle.view().nodes.every((node) => node.pods.every((other) => other.name !== name));
  await page.waitForFunction(gone, pod, { timeout: 60_000 });
  await close();
});

test('a running pod is resized where it is, and what cannot be is refused in the server’s words', async () => {
  const { page, errors, close } = await applied('deployment', READY_PODS, { argument: 3 });
  await select(page, /^web-/);
  const inspector = page.getByTestId('inspector');
  await inspector.getByText('Resize while it runs').click();
  assert.match(await page.getByTestId('resize-requests-cpu').inputValue(), /^\d+m$/);
  await page.getByTestId('resize-requests-cpu').fill('150m');
  await page.getByTestId('resize').click();
  await page.getByTestId('outcome').getByText(/^pod\/web-\S+ patched$/).waitFor(WAIT);
  // No container was restarted for it, and the form shows what is stored now.
  await page.waitForFunction(() => document.querySelector('[data-testid=resize-requests-cpu]').value === '150m', null, WAIT);
  assert.equal(await inspector.getByText('restarted', { exact: false }).count(), 0);
  await page.getByTestId('resize-requests-cpu').fill('');
  await page.getByTestId('resize').click();
  await page.getByTestId('outcome').getByText(/cannot be removed/).waitFor(WAIT);
  assert.deepEqual(await inaccessible(page), []);
  assert.deepEqual(errors, []);
  await close();
});

test('a ship whose kubelet is stopped is believed Ready until somebody notices', async () => {
  const { page, close } = await open(rig, `en/${FAST}`, { lang: 'en' });
  await select(page, /^node-1/);
  const inspector = page.getByTestId('inspector');
  const faults = inspector.getByTestId('faults');
  assert.equal(await faults.locator('[data-fault]:visible').count(), 0);
  await faults.locator('summary').focus();
  await page.keyboard.press('Enter');
  const kubelet = faults.getByRole('group', { name: 'kubelet/node-1' });
  for (const text of await faults.locator('button').allInnerTexts()) assert.doesNotMatch(text, /node-1/);
  await kubelet.getByRole('button', { name: 'Stop' }).click();
  await faults.getByText('1 going on').waitFor(WAIT);
  // Where it was made to go wrong the scrubber has a flash, in the colour of failure.
  const flash = () => {
    const canvas = document.querySelector('.scrubber canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    for (let i = 0; i < data.length; i += 4) if (data[i] === 0xb3 && data[i + 1] === 0x26 && data[i + 2] === 0x1e && data[i + 3] === 255) return true;
    return false;
  };
  await page.waitForFunction(flash, null, WAIT);
  await inspector.getByText('The API still believes that node-1 is Ready').waitFor(WAIT);
  await inspector.getByText('Nothing has been heard of node-1').waitFor({ timeout: 60_000 });
  await kubelet.getByRole('button', { name: 'Start' }).click();
  await page.waitForFunction(() => window.__bottle.view().nodes.every((node) => node.ready), null, { timeout: 60_000 });
  await close();
});

test('the events are those of kubectl, can be filtered, and lead to their objects', async () => {
  const { page, close } = await applied('deployment', READY_PODS, { argument: 3 });
  await page.getByTestId('tab-events').click();
  const events = page.getByTestId('events');
  for (const reason of ['Scheduled', 'Pulled', 'Started', 'SuccessfulCreate', 'ScalingReplicaSet']) {
    await events.getByRole('cell', { name: reason, exact: true }).first().waitFor();
  }
  await events.getByRole('searchbox').fill('replicaset/');
  await page.waitForFunction(() => document.querySelectorAll('.event').length > 0 && [...document.querySelectorAll('.event-object')].every((cell) => cell.textContent.startsWith('replicaset')));
  await events.locator('.event-link').first().click();
  await page.getByTestId('inspector').getByText('ReplicaSet', { exact: false }).first().waitFor();
  await close();
});

test('any event, any sentence of the transcript and anything on its way on the stage leads to the chain of its causes', async () => {
  const { page, errors, close } = await applied('deployment', READY_PODS, { argument: 3 });
  await page.getByTestId('play').click();
  const fact = page.getByTestId('fact');
  const causes = fact.getByTestId('why').locator('.cause');
  const heading = fact.getByRole('heading', { level: 2 });
  const ends = async () => {
    await causes.last().getByText('You submit a manifest').waitFor(WAIT);
    assert.ok((await causes.count()) > 1);
  };
  await page.getByTestId('tab-events').click();
  await page.getByTestId('events').getByRole('button', { name: 'Scheduled', exact: true }).first().click();
  await heading.getByText(/^SCreated by the scheduler: Event web-/).waitFor(WAIT);
  await ends();
  const address = page.url();
  // The reasons in the inspector's own list do the same.
  await select(page, /^web-/);
  await page.getByTestId('inspector').getByRole('button', { name: 'Started', exact: true }).first().click();
  await heading.getByText(/Created by the kubelet on node-\d: Event web-/).waitFor(WAIT);
  await page.getByTestId('tab-transcript').click();
  await page.getByTestId('captions').getByRole('button', { name: /fetches image/ }).first().click();
  await heading.getByText(/fetches image/).waitFor(WAIT);
  await ends();
  await fact.getByRole('button', { name: /^Look at web-/ }).click();
  await page.getByTestId('inspector').getByRole('heading', { level: 2 }).getByText(/^web-/).waitFor(WAIT);
  // From the beginning, until something is on its way.
  const LAUNCH = () => window.__bottle.displayList().find(({ kind, fact }) => fact !== undefined && ['launch', 'pulse', 'barge'].includes(kind));
  await page.getByTestId('speed').selectOption('auto');
  await page.getByTestId('start').click();
  let launch;
  for (let tries = 0; tries < 20 && !launch; tries += 1) {
    await page.getByTestId('play').click();
    await page.waitForFunction(LAUNCH, null, WAIT);
    await page.getByTestId('play').click();
    launch = await page.evaluate(LAUNCH);
  }
  assert.ok(launch, 'nothing is on its way');
  const canvas = await page.locator('.stage-view canvas').first().boundingBox();
  const at = { x: canvas.x + launch.x + launch.w / 2, y: canvas.y + launch.y + launch.h / 2 };
  await page.mouse.move(at.x, at.y);
  await page.locator('.tip').waitFor(WAIT);
  const named = await page.locator('.tip').textContent();
  await page.mouse.click(at.x, at.y);
  await heading.getByText(named).waitFor(WAIT);
  assert.deepEqual(await inaccessible(page), []);
  // Its address opens it again; before it has happened it says so.
  await page.goto(address);
  await heading.getByText(/happened|Event web-/).waitFor(WAIT);
  assert.deepEqual(errors, []);
  await close();
});

test('a component has a card that says where the analogy breaks', async () => {
  const { page, close } = await open(rig, `ko/${FAST}&sel=components/kube-scheduler`, { lang: 'ko' });
  const inspector = page.getByTestId('inspector');
  await inspector.getByText('여기서 비유가 깨집니다').waitFor();
  await inspector.getByText('활성 대기열').waitFor();
  await close();
});

test('YAML is made when it is opened, without managed fields', async () => {
  const { page, close } = await applied('pod', READY_PODS, { argument: 1 });
  await select(page, /^hello|^web|^pod|^nginx/);
  const inspector = page.getByTestId('inspector');
  assert.equal(await inspector.locator('.yaml-text').count(), 0);
  await inspector.getByText('YAML as stored').click();
  await inspector.getByText('resourceVersion:').waitFor();
  const text = await inspector.locator('.yaml-text').innerText();
  assert.match(text, /^apiVersion: v1\nkind: Pod\n/);
  assert.doesNotMatch(text, /managedFields/);
  await close();
});

test('each line of YAML tells who wrote it and when, by the pointer and by the keyboard', async () => {
  const { page, errors, close } = await applied('deployment', READY_PODS, { argument: 3 });
  await page.getByTestId('play').click();
  await select(page, /^web-/);
  const inspector = page.getByTestId('inspector');
  await inspector.getByText('YAML as stored').click();
  const told = inspector.locator('.yaml-told');
  for (const [line, who] of [['nodeName:', 'the scheduler'], ['enableServiceLinks:', 'the API server'], ['- image:', 'the controller manager'], ['hostIP:', 'the kubelet on node-']]) {
    await inspector.locator('.yaml-line').filter({ hasText: line }).first().click();
    await told.getByText(who).waitFor(WAIT);
    await inspector.locator('.legend').getByText(who).first().waitFor(WAIT);
  }
  await inspector.locator('.yaml-text').focus();
  await page.keyboard.press('Home');
  await told.getByText('apiVersion: v1').waitFor(WAIT);
  await page.keyboard.press('ArrowDown');
  await told.getByText('kind: Pod').waitFor(WAIT);
  await told.getByRole('button', { name: /Go to 00:\d\d/ }).click();
  await page.waitForFunction(() => document.querySelector('[data-testid=to-present]') !== null, null, WAIT);
  assert.deepEqual(errors, []);
  await close();
});

test('the mark of a line of YAML leads back to whoever gave the field its value, by pointer, key and touch', async () => {
  const { page, errors, close } = await applied('deployment', READY_PODS, { argument: 3 });
  const inspector = page.getByTestId('inspector');
  const answer = page.getByTestId('field-why');
  const line = (text) => inspector.locator('.yaml-line').filter({ hasText: text }).first();
  await select(page, /^web-/);
  await inspector.getByText('YAML as stored').click();
  // What a pod's image is stands in the Deployment's template: the chain goes there, and not to who made the pod.
  await line('- image:').locator('.badge').click();
  await answer.locator('.cause').last().getByText('You submit a manifest').waitFor(WAIT);
  assert.match(await answer.locator('.cause').first().innerText(), /The value comes from spec\.template\.spec\.containers\[web\]\.image of ReplicaSet web-/);
  assert.match(await answer.locator('.cause-line code').innerText(), /^image: nginx:1\.26/);
  await answer.getByTestId('show-line').click();
  await page.locator('.cm-activeLine').getByText('image: nginx:1.26').waitFor(WAIT);
  await answer.getByText('Before that it was not there.').waitFor();
  // Another field, which nobody asked for: the same manifest, another line.
  await line('enableServiceLinks:').locator('.badge').click();
  await answer.getByText('The request did not name this field: the API server filled in the default.').waitFor(WAIT);
  await answer.locator('.cause-line code').getByText(/^replicas: 3/).waitFor();
  // By keys: the arrows choose a line, Enter asks; each cause leads to its moment.
  await line('nodeName:').click();
  assert.equal(await answer.count(), 0, 'a line that is only chosen says no more than who and when');
  await inspector.locator('.yaml-text').focus();
  await page.keyboard.press('Enter');
  await answer.locator('.cause').first().getByText('scheduler').waitFor(WAIT);
  assert.ok((await answer.locator('.cause').count()) <= 6);
  await page.keyboard.press('ArrowDown');
  await answer.waitFor({ state: 'detached' });
  await page.keyboard.press('ArrowUp');
  await page.getByTestId('field-ask').waitFor();
  await answer.locator('.cause-seek').first().click();
  await page.getByTestId('to-present').waitFor(WAIT);
  assert.deepEqual(await inaccessible(page), []);
  assert.deepEqual(errors, []);
  await close();
});

test('a field that was scaled names the command; what the cluster began with says so, in Korean on a phone', async () => {
  const { page, errors, close } = await applied('deployment', READY_PODS, { argument: 3, lang: 'ko', viewport: VIEWPORTS['390x844'], touch: true });
  const inspector = page.getByTestId('inspector');
  const answer = page.getByTestId('field-why');
  const ask = async (text) => {
    await inspector.locator('.yaml-line').filter({ hasText: text }).first().tap();
    await page.getByTestId('field-ask').tap();
  };
  await select(page, /디플로이먼트 3\/3/);
  await page.getByTestId('replicas').fill('4');
  await page.getByTestId('scale').tap();
  await page.waitForFunction(READY_PODS, 4, WAIT);
  await page.getByTestId('play').tap();
  await inspector.getByText('저장된 YAML').tap();
  await ask('replicas: 4');
  await answer.getByText('그전 값은 3입니다.').waitFor(WAIT);
  assert.equal(await answer.locator('.cause').count(), 1);
  await answer.getByText('원인은 사용자가 한 일입니다.').waitFor();
  await ask('restartPolicy:');
  await answer.getByText('요청에 없는 필드라서 API 서버가 기본값을 채웠습니다.').waitFor(WAIT);
  const wide = await inspector.evaluate((panel) => panel.scrollWidth - panel.clientWidth);
  assert.ok(wide <= 0, `${wide} px too wide`);
  await page.getByTestId('tab-guide').tap();
  await page.getByTestId('tree').getByRole('treeitem').filter({ hasText: /^node-1/ }).first().tap();
  await page.getByTestId('tab-inspector').tap();
  await inspector.getByText('저장된 YAML').tap();
  await ask('podCIDR:');
  await answer.getByText('항구의 시계가 돌기 전, 클러스터가 시작되는 동안 기록되었습니다.').waitFor(WAIT);
  assert.deepEqual(errors, []);
  await close();
});

test('no sentence of the caption is cut off, on a phone either', async () => {
  for (const lang of ['ko', 'en']) {
    for (const viewport of [VIEWPORTS['1440x900'], VIEWPORTS['390x844']]) {
      const { page, close } = await applied('deployment', READY_PODS, { argument: 3, lang, viewport });
      await page.getByTestId('play').click();
      for (let step = 0; step < 20; step += 1) {
        const before = await page.evaluate(() => window.__bottle.t);
        await page.getByTestId('step-back').click();
        await page.waitForFunction((t) => window.__bottle.t < t, before, WAIT);
        const cut = await page.getByTestId('caption').evaluate((caption) => (caption.scrollHeight > caption.clientHeight + 1 ? caption.textContent : ''));
        assert.equal(cut, '', `${lang} ${viewport.width}`);
      }
      await close();
    }
  }
});

test('nothing in the panels is cut off, at any size and in both languages', async () => {
  for (const lang of ['ko', 'en']) {
    for (const viewport of Object.values(VIEWPORTS)) {
      const { page, close } = await applied('too-big', WAITING, { argument: 'Unschedulable', lang, viewport });
      await select(page, /^too-big/);
      await page.getByTestId('why').locator('.verdicts').waitFor();
      const cut = await page.getByTestId('inspector').evaluate((panel) =>
        [panel, ...panel.querySelectorAll('*:not(pre, pre *, svg, svg *, .visually-hidden)')]
          .filter((element) => element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0 && getComputedStyle(element).display !== 'inline')
          .map((element) => `${element.className || element.tagName}: ${element.textContent.slice(0, 40)}`));
      assert.deepEqual(cut, [], `${lang} ${viewport.width}`);
      await close();
    }
  }
});

test('the panels are accessible in both themes', async () => {
  for (const theme of ['light', 'dark']) {
    const { page, close } = await applied('bad-image', WAITING, { argument: 'ImagePullBackOff', theme });
    await select(page, /^bad-image/);
    await page.getByTestId('why').locator('.lack').waitFor();
    await page.getByTestId('tab-events').click();
    // The page as a whole is tested elsewhere.
    const { violations } = await new AxeBuilder({ page }).include('#inspector').include('[data-testid=events]').analyze();
    assert.deepEqual(violations.map((rule) => `${rule.id}: ${rule.nodes[0].html}`), []);
    await close();
  }
});
