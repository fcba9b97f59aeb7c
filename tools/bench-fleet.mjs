// What a picture of a large fleet costs in Chromium without a graphics card: the same composing and painting as the page's,
// compiled as the site's is, of nodes and pods that no cluster stands behind (a tab has no room for that run's history).
// `idle` is the picture made anew in its place; the page makes none while nothing changes.
// Usage: node tools/bench-fleet.mjs [--nodes 5000] [--pods 150000] [--frames 120]
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { start } from '../tests/browser/rig.mjs';
import { optimise } from './optimise.mjs';

const { values } = parseArgs({
  options: { nodes: { type: 'string', default: '5000' }, pods: { type: 'string', default: '150000' }, frames: { type: 'string', default: '120' } },
});
const OUT = 'target/bench-fleet';
const run = (command, args) => execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
run('tools/release.sh', ['--cargo', 'bench']);
run('wasm-bindgen', ['--target', 'web', '--no-typescript', '--out-dir', OUT, 'target/wasm32-unknown-unknown/release/bench.wasm']);
// As in the site, but undivided.
optimise(`${OUT}/bench_bg.wasm`);
const PAGE = '<!doctype html><title>fleet</title><canvas width="760" height="524"></canvas><script type="module">import init from "./bench.js"; window.wasm = await init();</script>\n';
// The server answers what is not there with the second.
for (const name of ['index.html', '404.html']) writeFileSync(join(OUT, name), PAGE);

const rig = await start({ dir: OUT });
try {
  const page = await rig.browser.newPage();
  await page.goto(rig.url);
  await page.waitForFunction(() => window.fleet);
  const figures = await page.evaluate(async ({ nodes, pods, frames }) => {
    const canvas = document.querySelector('canvas');
    const context = canvas.getContext('2d');
    const fleet = window.fleet(nodes, pods, canvas.width, canvas.height);
    const measure = async (move) => {
      const [compose, paint, both] = [[], [], []];
      for (let frame = 0; frame < frames; frame += 1) {
        await new Promise(requestAnimationFrame);
        move(frame);
        const began = performance.now();
        fleet.compose();
        const composed = performance.now();
        fleet.paint(context);
        // Without a graphics card painting is put off until somebody looks.
        context.getImageData(0, 0, 1, 1);
        const painted = performance.now();
        compose.push(composed - began);
        paint.push(painted - composed);
        both.push(painted - began);
      }
      const at = (list, share) => Number(list.sort((a, b) => a - b)[Math.floor(list.length * share)].toFixed(2));
      return { compose_p50: at(compose, 0.5), paint_p50: at(paint, 0.5), frame_p50: at(both, 0.5), frame_p95: at(both, 0.95) };
    };
    const back = (frame) => (frame % 40 < 20 ? 6 : -6);
    const idle = await measure(() => {});
    fleet.zoom(1.5);
    const panning = await measure((frame) => fleet.pan(back(frame), 0));
    fleet.zoom(4);
    const nearer = await measure((frame) => fleet.pan(back(frame), 0));
    return { nodes, pods, idle, panning, nearer, wasm_mib: Math.round(window.wasm.memory.buffer.byteLength / 2 ** 20) };
  }, { nodes: Number(values.nodes), pods: Number(values.pods), frames: Number(values.frames) });
  console.log(JSON.stringify(figures, null, 2));
} finally {
  await rig.stop();
}
