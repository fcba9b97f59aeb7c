// How long it takes to go to a moment: 50 random ones of a run of ten minutes with 100 ships, from the pointer on the
// scrubber to the first frame after the moment is there. Milliseconds.
// Usage: node tools/bench-seek.mjs [--dir dist] [--nodes 100] [--minutes 10] [--seeks 50]
import { parseArgs } from 'node:util';
import { open, start } from '../tests/browser/rig.mjs';

const option = (value) => ({ type: 'string', default: value });
const { values } = parseArgs({ options: { dir: option('dist'), nodes: option('100'), minutes: option('10'), seeks: option('50') } });
const rig = await start({ dir: values.dir });
try {
  const { page } = await open(rig, `en/sandbox?nodes=${values.nodes}&speed=1000`);
  await page.getByTestId('apply').click();
  const end = Number(values.minutes) * 60_000;
  await page.waitForFunction((t) => window.__bottle.t >= t, end, { timeout: 600_000, polling: 250 });
  await page.getByTestId('play').click();
  const { x, y, width, height } = await page.locator('.scrubber').boundingBox();
  // The same moments each time.
  let random = 42;
  const times = [];
  for (let seek = 0; seek < Number(values.seeks); seek += 1) {
    random = (random * 1103515245 + 12345) % 2 ** 31;
    await page.evaluate(() => {
      window.__seek = new Promise((done) => {
        addEventListener('pointerdown', () => {
          const [began, before] = [performance.now(), window.__bottle.t];
          const look = () => (window.__bottle.t === before ? requestAnimationFrame(look) : requestAnimationFrame(() => done(performance.now() - began)));
          requestAnimationFrame(look);
        }, { capture: true, once: true });
      });
    });
    await page.mouse.click(x + 12 + (random / 2 ** 31) * (width - 24), y + height / 2);
    times.push(await page.evaluate(() => window.__seek));
  }
  times.sort((a, b) => a - b);
  const at = (share) => Math.round(times[Math.min(times.length - 1, Math.floor(share * times.length))]);
  console.log(JSON.stringify({ nodes: Number(values.nodes), minutes: Number(values.minutes), seeks: times.length, median: at(0.5), p95: at(0.95), longest: at(1), aim: 150 }));
} finally {
  await rig.stop();
}
