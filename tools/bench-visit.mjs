// A first visit, with nothing in the browser's cache: when there is a picture, when the harbour stands, and when its first
// heartbeat is seen. Milliseconds after the address was entered, the middle one of five visits each, on this machine and as on
// a slow phone (9 Mbit/s, 170 ms, a processor of a quarter of this one's speed).
// Usage: node tools/bench-visit.mjs [--dir dist] [--visits 5]
import { parseArgs } from 'node:util';
import { start, VIEWPORTS } from '../tests/browser/rig.mjs';

const option = (value) => ({ type: 'string', default: value });
const { values } = parseArgs({ options: { dir: option('dist'), visits: option('5') } });
const BYTES_A_SECOND = 9e6 / 8;
const rig = await start({ dir: values.dir });

async function visit(slow) {
  const context = await rig.browser.newContext({ viewport: VIEWPORTS[slow ? '390x844' : '1440x900'], serviceWorkers: 'block' });
  const page = await context.newPage();
  if (slow) {
    const session = await context.newCDPSession(page);
    await session.send('Network.enable');
    await session.send('Network.emulateNetworkConditions', { offline: false, latency: 170, downloadThroughput: BYTES_A_SECOND, uploadThroughput: BYTES_A_SECOND });
    await session.send('Emulation.setCPUThrottlingRate', { rate: 4 });
  }
  await page.goto(`${rig.url}ko/`, { waitUntil: 'commit' });
  // Asked seldom: each question takes time from the page.
  await page.waitForFunction(() => performance.getEntriesByName('bottle:first-beat').length > 0, null, { timeout: 60_000, polling: 500 });
  const times = await page.evaluate(() => ['first-contentful-paint', 'bottle:ready', 'bottle:first-beat'].map((name) => performance.getEntriesByName(name)[0].startTime));
  await context.close();
  return times;
}

try {
  for (const slow of [false, true]) {
    const visits = [];
    for (let count = 0; count < Number(values.visits); count += 1) visits.push(await visit(slow));
    const middle = (i) => Math.round(visits.map((times) => times[i]).sort((a, b) => a - b)[Math.floor(visits.length / 2)]);
    console.log(JSON.stringify({ visit: slow ? 'slow phone' : 'this machine', picture: middle(0), harbour: middle(1), heartbeat: middle(2), aims: { picture: 1500, heartbeat: 3000 } }));
  }
} finally {
  await rig.stop();
}
