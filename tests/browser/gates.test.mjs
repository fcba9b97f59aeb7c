// What each gate decided: in the list of requests, in a request's detail, on the bridge, and at the manifest's own lines.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inaccessible, open, start, VIEWPORTS } from './rig.mjs';

let rig;
before(async () => {
  rig = await start();
});
after(() => rig?.stop());

const WAIT = { timeout: 60_000 };
const POD = 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n  containers:\n  - name: c\n    image: nginx\n';
const DOUBLE = POD.trimEnd() + '\n    env:\n    - {name: A, value: "1"}\n    - {name: A, value: "2"}\n';

/** The sandbox with a manifest applied and answered; time stands still, the requests are shown. */
async function applied(manifest, options = {}) {
  const opened = await open(rig, `${options.lang ?? 'en'}/sandbox?seed=42&speed=10`, options);
  const { page } = opened;
  if (options.viewport?.width <= 640) await page.getByTestId('tab-manifest').click();
  await page.locator('[data-testid=manifest-editor] .cm-content').fill(manifest);
  await page.getByTestId('apply').click();
  await page.locator('.problems .line, .problems .refusal').first().waitFor(WAIT);
  await page.getByTestId('play').click();
  return opened;
}

/** Chooses the latest request whose line has these words. */
async function choose(page, words) {
  await page.getByTestId('tab-requests').click();
  const line = page.getByTestId('requests').locator('.request-line .event-link').filter({ hasText: words }).first();
  await line.click();
  await page.getByTestId('request-gates').locator('.gate').first().waitFor(WAIT);
}

/** The text of a gate of the chosen request. */
const gate = (page, name) => page.getByTestId('request-gates').locator('.gate').filter({ has: page.locator('strong', { hasText: new RegExp(`^${name}$`) }) });

/** How many lamps of the bridge say that the chosen request has passed, and that it was refused. */
const lamps = (page) => page.evaluate(() => {
  const items = window.__bottle.displayList();
  return ['gate-passed', 'gate-refused'].map((kind) => items.filter((item) => item.kind === kind).length);
});

test('a pod’s way through the gates: who, which rule, what was filled in, changed, checked and stored', async () => {
  const { page, errors, close } = await applied(POD);
  await choose(page, /^POST .*default.pods$/);
  assert.equal(await page.getByTestId('request-gates').locator('.gate').count(), 7);
  assert.match(await gate(page, 'authentication').innerText(), /kubernetes-admin.*kubeadm:cluster-admins/s);
  assert.match(await gate(page, 'authorization').innerText(), /kubeadm:cluster-admins/);
  assert.match(await gate(page, 'decoding').innerText(), /spec\.restartPolicy Always/);
  const mutating = await gate(page, 'mutating admission').innerText();
  assert.match(mutating, /ServiceAccount[\s\S]*spec\.serviceAccountName default/);
  assert.match(mutating, /DefaultTolerationSeconds[\s\S]*spec\.tolerations\[0\]/);
  assert.match(await gate(page, 'validation').innerText(), /metadata\.uid/);
  assert.match(await gate(page, 'storage').innerText(), /\/registry\/pods\/default\/p at revision \d+/);
  const facts = await page.locator('.request-facts').innerText();
  assert.match(facts, /201/);
  assert.match(facts, /\d+\.\d ms/);
  assert.match(facts, /\d{3,} B/);
  assert.deepEqual(errors, []);
  await close();
});

test('a refused manifest names the field at the gate that refused it, and the bridge’s lamps stop there', async () => {
  const { page, close } = await applied(POD.replace('name: c', 'name: C!'));
  await choose(page, /^POST .*default.pods$/);
  const gates = page.getByTestId('request-gates').locator('.gate');
  assert.equal(await gates.count(), 5);
  const validation = await gate(page, 'validation').innerText();
  assert.match(validation, /refused/);
  assert.match(validation, /spec\.containers\[0\]\.name/);
  await page.waitForFunction(() => window.__bottle.displayList().some((item) => item.kind === 'gate-refused'), null, WAIT);
  assert.deepEqual(await lamps(page), [4, 1]);
  assert.match(await page.locator('.request-facts').innerText(), /422/);
  await close();
});

test('components’ requests and routine ones have their gates too', async () => {
  const { page, close } = await applied(POD);
  await page.getByTestId('tab-requests').click();
  await choose(page, '/pods/p/binding');
  assert.match(await gate(page, 'authentication').innerText(), /system:kube-scheduler/);
  assert.match(await gate(page, 'authorization').innerText(), /system:kube-scheduler/);
  await page.getByTestId('requests').getByRole('checkbox').check();
  await choose(page, 'leases/node-1');
  assert.match(await gate(page, 'authentication').innerText(), /system:node:node-1.*system:nodes/s);
  assert.match(await gate(page, 'authorization').innerText(), /Allowed/);
  await close();
});

test('looking closely changes nothing: the run’s hash stays the same', async () => {
  const { page, close } = await applied(POD);
  const hash = () => page.evaluate(() => window.__bottle.hash());
  const before = await hash();
  await choose(page, /^POST .*default.pods$/);
  assert.equal(await hash(), before);
  await close();
});

test('a warning of the server stands at the field’s own line', async () => {
  const { page, close } = await applied(DOUBLE);
  const warning = page.locator('.problems .refusal.warned');
  await warning.waitFor(WAIT);
  assert.match(await warning.innerText(), /hides previous definition of "A"/);
  assert.match(await warning.innerText(), /line 11/);
  await page.locator('.cm-lint-marker-warning').waitFor(WAIT);
  await warning.locator('.place').click();
  assert.equal(await page.evaluate(() => document.activeElement.closest('[data-testid=manifest-editor]') !== null), true);
  await close();
});

test('a request is chosen by the keyboard, in Korean, in both themes and at every size, without a fault of accessibility', async () => {
  for (const [size, viewport] of Object.entries(VIEWPORTS)) {
    for (const theme of ['light', 'dark']) {
      const { page, close } = await applied(POD, { lang: 'ko', theme, viewport });
      await page.getByTestId('tab-requests').click();
      const line = page.getByTestId('requests').locator('.request-line .event-link').filter({ hasText: /^POST .*default.pods$/ }).first();
      await line.focus();
      await page.keyboard.press('Enter');
      await page.getByTestId('request-gates').getByText('변경 어드미션').waitFor(WAIT);
      assert.deepEqual(await inaccessible(page), [], `${size} ${theme}`);
      const cut = await page.getByTestId('request').evaluate((panel) => panel.scrollWidth > panel.clientWidth + 1);
      assert.equal(cut, false, size);
      await page.screenshot({ path: `target/screenshots/request-${size}-${theme}.png` });
      await close();
    }
  }
});
