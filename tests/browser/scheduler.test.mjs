// The scheduler view: the matrix of a known case cell by cell, what if, guess first, the keyboard, both languages.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import { open, rigged, VIEWPORTS } from './rig.mjs';

const rig = rigged();

const FAST = 'sandbox?scenario=three-ships&seed=42&speed=10';
const WAIT = { timeout: 60_000 };

/** Writes a manifest into the editor and applies it. */
async function apply(page, text) {
  if (page.viewportSize().width <= 640) await page.getByTestId('tab-manifest').click();
  await page.getByTestId('manifest-editor').locator('.cm-content').fill(text);
  await page.getByTestId('apply').click();
}

const POD = (name, cpu, more = '') => `apiVersion: v1
kind: Pod
metadata: {name: ${name}}
spec: {${more}containers: [{name: app, image: 'nginx:1.27', resources: {requests: {cpu: '${cpu}'}}}]}
`;
const BOUND = (name) => window.__bottle.view().nodes.some((node) => node.pods.some((pod) => pod.name === name));
const UNSCHEDULABLE = (name) => window.__bottle.view().pending.some((pod) => pod.name === name && pod.reason === 'Unschedulable');

/** Selects a row of the tree and shows its scheduling. */
async function show(page, name) {
  const phone = page.viewportSize().width <= 640;
  if (phone) await page.getByTestId('tab-guide').click();
  await page.getByTestId('tree').getByRole('treeitem').filter({ hasText: name }).first().click();
  if (phone) await page.getByTestId('tab-inspector').click();
  await page.getByTestId('insp-scheduling').click();
  await page.getByTestId('scheduler').waitFor();
}

/** The sandbox with a pod of 2 CPUs on node-1, and one of 1 CPU that was scheduled after it. */
async function known(options = {}) {
  const { lang = 'en', ...rest } = options;
  const opened = await open(rig, `${lang}/${FAST}`, { lang, ...rest });
  const { page } = opened;
  await apply(page, POD('big', '2', 'nodeSelector: {kubernetes.io/hostname: node-1}, '));
  await page.waitForFunction(BOUND, 'big', WAIT);
  await apply(page, POD('small', '1', "tolerations: [{key: node-role.kubernetes.io/control-plane, operator: Exists}], "));
  await page.waitForFunction(BOUND, 'small', WAIT);
  await show(page, /^small/);
  await page.getByTestId('matrix').waitFor();
  return opened;
}

/** The cells of a grid: what is seen, without what only screen readers get. */
const cells = (grid) => grid.evaluate((table) => [...table.querySelectorAll('tr:not(.sched-groups)')].map((row) => [...row.children].map((cell) => {
  const copy = cell.cloneNode(true);
  copy.querySelectorAll('.visually-hidden').forEach((hidden) => hidden.remove());
  const mark = cell.classList.contains('passes') ? 'yes' : cell.classList.contains('refuses') ? 'no ' : '';
  return (mark + [...copy.childNodes].map((node) => node.textContent).join(' ')).trim();
})));

test('the matrix of a known case, cell by cell', async () => {
  const { page, errors, close } = await known();
  const grid = page.getByTestId('matrix');
  const rows = await cells(grid);
  const filters = ['NodeUnschedulable', 'NodeName', 'TaintToleration', 'NodeResourcesFit'];
  assert.deepEqual(rows[0].slice(0, 5), ['Node', ...filters]);
  const weighted = rows[0].slice(5, -1).map((name) => name.replace(/ weight \d+$/, ''));
  assert.deepEqual(weighted.slice(0, 2), ['TaintToleration', 'NodeResourcesFit']);
  assert.equal(rows[0].at(-1), 'Total');
  assert.equal(rows.length, 5);
  const winner = await grid.locator('tr.wins').count();
  assert.equal(winner, 1);
  for (const row of rows.slice(1)) {
    assert.deepEqual(row.slice(1, 5), ['yes', 'yes', 'yes', 'yes'], row[0]);
    const parts = row.slice(5, -1).map((cell) => cell.match(/^(\d+) (-?\d+) → (\d+) × (\d+)$/).slice(1).map(Number));
    for (const [points, , normal, weight] of parts) assert.equal(points, normal * weight);
    assert.equal(parts.reduce((sum, [points]) => sum + points, 0), Number(row.at(-1)));
  }
  const fit = (name) => rows.find((row) => row[0].startsWith(name))[6];
  assert.equal(fit('node-1'), '60 60 → 60 × 1');
  assert.equal(fit('node-2'), '86 86 → 86 × 1');
  assert.equal(fit('node-3'), '86 86 → 86 × 1');
  assert.match(await page.getByTestId('queue').innerText(), /Active queue[\s\S]*UnschedulablePodAdd[\s\S]*The pod is new\./);
  assert.deepEqual(errors, []);
  await close();
});

test('flags and score plates on the stage are those of the shown attempt', async () => {
  const { page, close } = await known();
  const rows = (await cells(page.getByTestId('matrix'))).slice(1);
  await page.getByTestId('show-on-stage').click();
  const plates = () => window.__bottle.displayList().filter((item) => item.kind === 'score-plate');
  await page.waitForFunction((count) => window.__bottle.displayList().filter((item) => item.kind === 'score-plate').length === count, rows.length, WAIT);
  const drawn = Object.fromEntries((await page.evaluate(plates)).map((item) => [item.id.split('/').at(-1), item.text]));
  for (const row of rows) assert.equal(drawn[row[0].split(' ')[0]], row.at(-1));
  await close();
});

test('the keyboard reaches every cell and the full screen, and comes back', async () => {
  const { page, close } = await known();
  const focused = () => page.evaluate(() => document.activeElement.closest('th, td')?.textContent ?? document.activeElement.tagName);
  await page.getByTestId('full-screen').focus();
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelector('.sched:modal'));
  const grid = page.getByTestId('matrix');
  await grid.locator('[tabindex="0"]').focus();
  assert.equal(await focused(), 'Node');
  await page.keyboard.press('ArrowRight');
  assert.equal(await focused(), 'NodeUnschedulable');
  await page.keyboard.press('ArrowDown');
  assert.match(await focused(), /passes/);
  await page.keyboard.press('End');
  assert.match(await focused(), /^\d+$/);
  await page.keyboard.press('Control+End');
  assert.match(await focused(), /^\d+$/);
  await page.keyboard.press('Home');
  assert.match(await focused(), /^(node-\d|control-plane)/);
  await page.keyboard.press('Control+Home');
  assert.equal(await focused(), 'Node');
  assert.equal(await grid.locator('[tabindex="0"]').count(), 1, 'one tab stop');
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => !document.querySelector('.sched:modal'));
  await grid.waitFor();
  await close();
});

test('what if: a taint and a weight change the matrix beside the old one, and nothing is written', async () => {
  const { page, close } = await known();
  const hash = () => window.__bottle.hash();
  await page.getByTestId('play').click();
  await page.getByTestId('what-if-open').click();
  const before = await page.evaluate(hash);
  const old = await cells(page.getByTestId('matrix'));
  await page.getByTestId('what-if-node').selectOption('node-3');
  await page.getByTestId('what-if-add').fill('gpu=true:NoSchedule');
  await page.getByTestId('what-if-add').press('Enter');
  await page.getByTestId('matrix-new').waitFor();
  const changed = (await cells(page.getByTestId('matrix-new'))).find((row) => row[0].startsWith('node-3'));
  assert.match(changed[3], /^no .*taint.*before: passes/);
  assert.deepEqual(await cells(page.getByTestId('matrix')), old, 'the old one stays');
  await page.getByTestId('what-if').getByLabel('NodeResourcesFit', { exact: true }).fill('10');
  await page.keyboard.press('Tab');
  const two = (await cells(page.getByTestId('matrix-new'))).find((row) => row[0].startsWith('node-2'));
  assert.match(two[6], /^860 86 → 86 × 10 before: 86/);
  await page.getByTestId('what-if-add').fill('gpu=true:Never');
  await page.getByTestId('what-if-add').press('Enter');
  await page.getByTestId('what-if').getByText('Unsupported value: "Never"').waitFor();
  assert.equal(await page.evaluate(hash), before);
  await page.getByTestId('what-if-reset').click();
  await page.getByTestId('matrix-new').waitFor({ state: 'detached' });
  await close();
});

test('a suggestion is tried in thought, applied, and the pod is scheduled', async () => {
  const { page, close } = await open(rig, `en/${FAST}`, { lang: 'en' });
  await page.getByTestId('examples').selectOption('node-selector');
  await page.getByTestId('apply').click();
  await page.waitForFunction(UNSCHEDULABLE, 'wants-ssd', WAIT);
  await show(page, /^wants-ssd/);
  await page.getByTestId('suggestions').getByRole('button', { name: 'Label node-1 with disktype=ssd' }).click();
  const winner = page.getByTestId('matrix-new').locator('tr.wins');
  assert.match(await winner.innerText(), /^node-1/);
  assert.equal(await page.evaluate(BOUND, 'wants-ssd'), false);
  await page.getByTestId('what-if-apply').click();
  await page.waitForFunction(BOUND, 'wants-ssd', WAIT);
  const attempt = page.getByTestId('attempt');
  await attempt.locator('option', { hasText: 'attempt 2 → node-1' }).waitFor({ state: 'attached', ...WAIT });
  assert.equal(await attempt.locator('option').count(), 2);
  await attempt.selectOption({ index: 1 });
  await page.getByTestId('scheduler').getByText('0/4 nodes are available').waitFor();
  // The stage goes back to that attempt, not to the last one.
  const refused = await page.getByTestId('matrix').locator('td.refuses').evaluateAll((all) => all.map((cell) => cell.title));
  await page.getByTestId('show-on-stage').click();
  const said = (kind) => window.__bottle.displayList().filter((item) => item.kind === kind);
  await page.waitForFunction(() => window.__bottle.displayList().filter((item) => item.kind === 'refusal-flag').length === 4, null, WAIT);
  const flags = (await page.evaluate(said, 'refusal-flag')).map((item) => item.text.replace(/^\w+: /, ''));
  assert.deepEqual(flags.sort(), refused.sort());
  assert.deepEqual(await page.evaluate(said, 'score-plate'), []);
  await close();
});

test('a weight that was thought restarts the scheduler with it', async () => {
  const { page, close } = await known();
  await page.getByTestId('what-if-open').click();
  await page.getByTestId('what-if').getByLabel('NodeResourcesFit', { exact: true }).fill('10');
  await page.keyboard.press('Tab');
  await page.getByTestId('what-if').getByText(/node-\d would be chosen: 4 of 4 nodes/).waitFor();
  await page.getByTestId('what-if-apply').click();
  await apply(page, POD('later', '1'));
  await page.waitForFunction(BOUND, 'later', WAIT);
  await show(page, /^later/);
  await page.getByTestId('matrix').locator('th', { hasText: 'weight 10' }).waitFor();
  assert.ok((await cells(page.getByTestId('matrix')))[0].includes('NodeResourcesFit weight 10'));
  await close();
});

const editor = (page) => page.getByTestId('configuration').locator('.cm-content');
const HEAD = 'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n';

test('the configuration is edited as YAML while the cluster runs; a wrong one is refused with the real message', async () => {
  const { page, errors, close } = await open(rig, `en/${FAST}&sel=components/kube-scheduler&panel=config`, { lang: 'en' });
  await editor(page).getByText('KubeSchedulerConfiguration').waitFor();
  await editor(page).getByText('LeastAllocated').waitFor();
  await editor(page).fill(`${HEAD}parallelism: 0\n`);
  await page.getByTestId('config-apply').click();
  const outcome = page.getByTestId('configuration').getByTestId('outcome');
  await outcome.getByText('parallelism: Invalid value: 0: should be an integer value greater than zero').waitFor(WAIT);
  assert.equal(await outcome.locator('.refused').count(), 1);
  const strategy = '{name: NodeResourcesFit, args: {scoringStrategy: {type: MostAllocated}}}';
  await editor(page).fill(`${HEAD}profiles: [{schedulerName: default-scheduler, pluginConfig: [${strategy}], plugins: {score: {disabled: [{name: ImageLocality}]}}}]\n`);
  await page.getByTestId('config-apply').click();
  await outcome.getByText('Started again').waitFor(WAIT);
  await apply(page, POD('packed', '1'));
  await page.waitForFunction(BOUND, 'packed', WAIT);
  await show(page, /^packed/);
  const heads = (await cells(page.getByTestId('matrix')))[0];
  assert.ok(heads.some((name) => name.startsWith('NodeResourcesFit weight')) && !heads.some((name) => name.startsWith('ImageLocality')), heads.join());
  assert.deepEqual(errors, []);
  await close();
});

test('a further scheduler runs beside the first and takes the pods that ask for it', async () => {
  const { page, close } = await open(rig, `en/${FAST}&sel=components/kube-scheduler&panel=config`, { lang: 'en' });
  await editor(page).getByText('KubeSchedulerConfiguration').waitFor();
  await editor(page).fill(`${HEAD}profiles: [{schedulerName: packing}]\n`);
  await page.getByTestId('scheduler-name').fill('second');
  await page.getByTestId('config-further').click();
  await page.getByTestId('configuration').getByRole('button', { name: 'second', pressed: true }).waitFor(WAIT);
  await apply(page, POD('mine', '1', 'schedulerName: packing, '));
  await page.waitForFunction(BOUND, 'mine', WAIT);
  await show(page, /^mine/);
  assert.match(new URL(page.url()).searchParams.get('panel'), /sched/);
  await page.getByTestId('attempt').locator('option', { hasText: 'attempt 1 · packing → node-' }).waitFor({ state: 'attached' });
  await page.getByTestId('tree').getByRole('treeitem').filter({ hasText: /^Scheduler/ }).first().click();
  await page.getByTestId('insp-scheduling').focus();
  await page.keyboard.press('ArrowRight');
  await page.getByTestId('configuration').getByRole('button', { name: 'kube-scheduler' }).click();
  await editor(page).getByText('LeastAllocated').waitFor();
  await close();
});

test('guess first: time stops, and the guess is told what made the difference', async () => {
  const { page, close } = await open(rig, `en/${FAST}&sel=components/kube-scheduler&panel=sched`, { lang: 'en' });
  await page.getByTestId('guess-first').click();
  assert.equal(await page.getByTestId('guess-first').getAttribute('aria-checked'), 'true');
  await apply(page, POD('first', '1'));
  const guess = page.getByTestId('guess');
  await guess.getByText('Which ship will the scheduler choose for pod first?').waitFor(WAIT);
  const t = () => window.__bottle.t;
  const stands = await page.evaluate(t);
  await page.waitForFunction(() => window.__bottle.view().pending.some((pod) => pod.name === 'first'));
  assert.equal(await page.evaluate(t), stands);
  await guess.getByRole('button', { name: 'control-plane' }).click();
  await guess.getByText('TaintToleration refused control-plane').waitFor(WAIT);
  await page.getByTestId('guess-go-on').click();
  await guess.waitFor({ state: 'detached' });
  // Pointing at the ship itself is a guess, too.
  await apply(page, POD('second', '1'));
  await guess.getByText('for pod second?').waitFor(WAIT);
  await page.getByTestId('tree').getByRole('treeitem').filter({ hasText: /^node-2/ }).first().click();
  await page.getByTestId('guess-go-on').waitFor(WAIT);
  assert.match(await guess.innerText(), /Right!|Not this time\./);
  await close();
});

test('more than 50 nodes: the reasons in the words of the event, and the best 20; guessing is by a menu', async () => {
  const { page, close } = await open(rig, `en/${FAST}&nodes=60&sel=components/kube-scheduler`, { lang: 'en' });
  await page.getByTestId('insp-scheduling').click();
  await page.getByTestId('guess-first').click();
  await apply(page, POD('huge', '100'));
  const guess = page.getByTestId('guess');
  await guess.getByRole('combobox').selectOption('node-7');
  await guess.getByText('No node was found. NodeResourcesFit refused node-7: Insufficient cpu').waitFor(WAIT);
  await page.getByTestId('guess-go-on').click();
  await page.getByTestId('guess-first').click();
  await page.waitForFunction(UNSCHEDULABLE, 'huge', WAIT);
  await show(page, /^huge/);
  const event = await page.getByTestId('scheduler').getByText(/^0\/61 nodes are available/).innerText();
  const reasons = await page.getByTestId('reasons').locator('li').allInnerTexts();
  assert.deepEqual(reasons, ['60 Insufficient cpu', '1 node(s) had untolerated taint(s)']);
  for (const reason of reasons) assert.ok(event.includes(reason), event);
  assert.equal(await page.getByTestId('matrix').locator('tbody tr').count(), 20);
  await page.getByTestId('scheduler').getByText('41 more nodes').waitFor();
  await close();
});

const CLASS = (name, value) => `apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: ${name}}\nvalue: ${value}\n---\n`;

test('preemption: the candidates with their victims, the chosen one first', async () => {
  const { page, close } = await open(rig, `en/${FAST}&nodes=2`, { lang: 'en' });
  const low = ['a', 'b'].map((name) => POD(`low-${name}`, '3', 'priorityClassName: low, ')).join('---\n');
  await apply(page, CLASS('low', 10) + CLASS('high', 1000) + low);
  for (const name of ['low-a', 'low-b']) await page.waitForFunction(BOUND, name, WAIT);
  await apply(page, POD('high', '3', 'priorityClassName: high, '));
  await page.waitForFunction(BOUND, 'high', WAIT);
  await show(page, /^high/);
  const attempt = page.getByTestId('attempt');
  await attempt.selectOption({ index: (await attempt.locator('option').count()) - 1 });
  const rows = await page.getByTestId('preemption').getByRole('listitem').allInnerTexts();
  assert.equal(rows.length, 2);
  assert.match(rows[0], /^node-\d\s+chosen\s+default\/low-[ab]$/);
  assert.match(rows[1], /^node-\d\s+default\/low-[ab]$/);
  await close();
});

test('the matrix can be taken along', async () => {
  const { page, context, close } = await known();
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByTestId('copy-markdown').click();
  await page.getByTestId('scheduler').getByText('Copied').waitFor();
  const markdown = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(markdown, /^### default\/small · attempt 1\n/);
  assert.match(markdown, /\| Node \| NodeUnschedulable \|/);
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('export-csv').click()]);
  assert.match(download.suggestedFilename(), /^[a-z-]+-\d+-\d\d-\d\d\.\d{3}-v\d+\.\d+\.\d+-small\.csv$/);
  const csv = await readFile(await download.path(), 'utf8');
  assert.match(csv, /^node,chosen,NodeUnschedulable,/);
  assert.equal(csv.trim().split('\r\n').length, 5);
  await close();
});

test('it is accessible and nothing is cut off, small and over the whole screen, in both languages and themes', async () => {
  for (const [lang, theme, size] of [['ko', 'light', '1440x900'], ['en', 'dark', '1024x768'], ['ko', 'dark', '390x844']]) {
    const { page, close } = await known({ lang, theme, viewport: VIEWPORTS[size] });
    await page.getByTestId('what-if-open').click();
    await page.getByTestId('what-if-add').fill('gpu=true:NoSchedule');
    await page.getByTestId('what-if-add').press('Enter');
    await page.getByTestId('matrix-new').waitFor();
    for (const full of [false, true]) {
      if (full) await page.getByTestId('full-screen').click();
      const { violations } = await new AxeBuilder({ page }).include('.sched').analyze();
      assert.deepEqual(violations.map((rule) => `${rule.id}: ${rule.nodes[0].html}`), [], `${lang} ${size} ${full}`);
      const cut = await page.getByTestId('scheduler').evaluate((panel) =>
        [panel, ...panel.querySelectorAll('*:not(.sched-scroll, .sched-scroll *, svg, svg *, .visually-hidden, select, option)')]
          .filter((element) => element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0 && getComputedStyle(element).display !== 'inline')
          .map((element) => `${element.className || element.tagName}: ${element.textContent.slice(0, 40)}`));
      assert.deepEqual(cut, [], `${lang} ${size} ${full}`);
    }
    if (lang === 'ko') assert.match(await page.getByTestId('matrix').innerText(), /가중치 3/);
    await close();
  }
});

test('the configuration is accessible and nothing is cut off, in both languages and themes', async () => {
  for (const [lang, theme, size] of [['ko', 'light', '1440x900'], ['en', 'dark', '1024x768'], ['ko', 'dark', '390x844']]) {
    const { page, close } = await open(rig, `${lang}/${FAST}&sel=components/kube-scheduler&panel=config`, { lang, theme, viewport: VIEWPORTS[size] });
    if (size === '390x844') await page.getByTestId('tab-inspector').click();
    await editor(page).fill(`${HEAD}parallelism: 0\n`);
    await page.getByTestId('config-further').click();
    await page.getByTestId('outcome').getByText('parallelism: Invalid value').waitFor(WAIT);
    const { violations } = await new AxeBuilder({ page }).include('#inspector').analyze();
    assert.deepEqual(violations.map((rule) => `${rule.id}: ${rule.nodes[0].html}`), [], `${lang} ${size}`);
    const cut = await page.getByTestId('inspector').evaluate((panel) =>
      [...panel.querySelectorAll('*:not(.editor, .editor *, svg, svg *, .visually-hidden)')]
        .filter((element) => element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0 && getComputedStyle(element).display !== 'inline')
        .map((element) => `${element.className || element.tagName}: ${element.textContent.slice(0, 40)}`));
    assert.deepEqual(cut, [], `${lang} ${size}`);
    await close();
  }
});
