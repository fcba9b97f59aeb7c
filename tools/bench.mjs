// How long 1,000 pods take on 100 ships in Chromium (the address's `nodes` sets their number): the main thread's seconds until all are Ready, and its longest slice.
// Usage: node tools/bench.mjs [--dir dist] [--nodes 100] [--pods 1000]
import { parseArgs } from 'node:util';
import { open, start } from '../tests/browser/rig.mjs';

const { values } = parseArgs({
  options: { dir: { type: 'string', default: 'dist' }, nodes: { type: 'string', default: '100' }, pods: { type: 'string', default: '1000' } },
});
const pods = Number(values.pods);
const GIVE_UP_MS = 120_000;
const MANIFEST = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: ${pods}
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
      - {name: web, image: 'nginx:1.27'}
`;

/** Seconds of work of the page's main thread so far. */
async function mainThread(session) {
  const { metrics } = await session.send('Performance.getMetrics');
  return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
}

const rig = await start({ dir: values.dir });
try {
  const { page } = await open(rig, `en/sandbox?scenario=three-ships&nodes=${values.nodes}&seed=42&speed=1000`);
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  await page.locator('[data-testid=manifest-editor] .cm-content').fill(MANIFEST);
  await page.evaluate(() => window.__bottle.frames());
  const before = await mainThread(session);
  await page.getByTestId('apply').click();
  const allReady = (wanted) => {
    const { nodes } = window.__bottle.view();
    return nodes.flatMap((node) => node.pods).filter((pod) => pod.namespace === 'default' && pod.ready).length >= wanted;
  };
  // Asked rarely: the question itself is work of the main thread.
  await page.waitForFunction(allReady, pods, { timeout: GIVE_UP_MS, polling: 250 });
  const after = await mainThread(session);
  const frames = await page.evaluate(() => window.__bottle.frames());
  const seconds = (name) => Number((after[name] - before[name]).toFixed(3));
  console.log(JSON.stringify({ pods, main_thread_seconds: seconds('TaskDuration'), script_seconds: seconds('ScriptDuration'), ...frames }, null, 2));
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
} finally {
  await rig.stop();
}
