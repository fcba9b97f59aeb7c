// What 1,000 pods on 100 ships cost in Chromium (the address's `nodes` sets their number), from the click on Apply until all
// are Ready: the processor time of the page's main thread (engine, view, panels, picture, Chromium's own style, layout and
// painting; the waiting for other processes does not count), and its slices (the app's own uninterrupted pieces of work).
// Usage: node tools/bench.mjs [--dir dist] [--nodes 100] [--pods 1000]
import { parseArgs } from 'node:util';
import { deployment, open, start } from '../tests/browser/rig.mjs';

const { values } = parseArgs({
  options: { dir: { type: 'string', default: 'dist' }, nodes: { type: 'string', default: '100' }, pods: { type: 'string', default: '1000' } },
});
const pods = Number(values.pods);
const GIVE_UP_MS = 120_000;

/** Processor seconds of the page's main thread so far. */
async function mainThread(session) {
  const { metrics } = await session.send('Performance.getMetrics');
  return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
}

const rig = await start({ dir: values.dir });
try {
  const { page } = await open(rig, `en/sandbox?scenario=three-ships&nodes=${values.nodes}&seed=42&speed=1000`);
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  await page.locator('[data-testid=manifest-editor] .cm-content').fill(deployment(pods));
  await page.evaluate(() => window.__bottle.frames());
  const wanted = pods + await page.evaluate(() => window.__bottle.readyPods);
  const before = await mainThread(session);
  await page.getByTestId('apply').click();
  // A question is work of the main thread, too: this one costs a fraction of a millisecond.
  await page.waitForFunction((count) => window.__bottle.readyPods >= count, wanted, { timeout: GIVE_UP_MS, polling: 50 });
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
