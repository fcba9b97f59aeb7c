// How many pods the scheduler decides in a CPU second of Wasm, compiled as the site's is: the same work as
// `bottle bench --scheduler`, in Node instead of a page.
// Usage: node tools/bench-scheduler.mjs [--nodes 5000] [--pods 10000] [--workload plain|antiaff|spread|preemption]
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '5000' },
    pods: { type: 'string', default: '10000' },
    workload: { type: 'string', default: 'plain' },
  },
});
const TARGET = 'wasm32-unknown-unknown';
const OUT = 'target/bench';
const run = (command, args) => execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
run('tools/release.sh', ['--cargo', 'bench']);
run('wasm-bindgen', ['--target', 'nodejs', '--no-typescript', '--out-dir', OUT, `target/${TARGET}/release/bench.wasm`]);
// The project's own scripts are modules; what wasm-bindgen writes for Node is not.
writeFileSync(join(OUT, 'package.json'), '{"type": "commonjs"}\n');
// As index.html says.
run('wasm-opt', ['-O3', '--low-memory-unused', '--one-caller-inline-max-function-size=2000', `${OUT}/bench_bg.wasm`, '-o', `${OUT}/bench_bg.wasm`]);

createRequire(import.meta.url)(join(process.cwd(), OUT, 'bench.js'));
const [nodes, pods] = [Number(values.nodes), Number(values.pods)];
const race = globalThis.race(values.workload, nodes, pods);
if (!race) throw new Error(`bench-scheduler: there is no workload "${values.workload}"`);
const before = process.cpuUsage();
let decided = 0;
for (let more = race(); more > 0; more = race()) decided += more;
const { user, system } = process.cpuUsage(before);
const seconds = (user + system) / 1e6;
console.log(JSON.stringify({ workload: values.workload, nodes, pods, decided, cpu_seconds: seconds, pods_per_cpu_second: Math.round(decided / seconds) }));
if (decided !== pods) process.exit(1);
