// How many pods the scheduler decides in a CPU second of Wasm, compiled as the site's is: the same work as
// `bottle bench --scheduler`, in Node instead of a page.
// Usage: node tools/bench-scheduler.mjs [--nodes 5000] [--pods 10000] [--workload plain|antiaff|spread|preemption]
import { parseArgs } from 'node:util';
import { load } from './bench-wasm.mjs';

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '5000' },
    pods: { type: 'string', default: '10000' },
    workload: { type: 'string', default: 'plain' },
  },
});
load();
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
