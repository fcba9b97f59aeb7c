// How many CPU microseconds of Wasm it takes to decode, default and validate a Deployment of a hundred lines, compiled as
// the site's is: the same work as `decode_us` of `bottle bench --api`, in Node instead of a page.
// Usage: node tools/bench-api.mjs [--times 5000]
import { parseArgs } from 'node:util';
import { load } from './bench-wasm.mjs';

const { values } = parseArgs({ options: { times: { type: 'string', default: '5000' } } });
load();
const times = Number(values.times);
// Once for the engine that compiles while it runs.
globalThis.decode(Math.ceil(times / 10));
const before = process.cpuUsage();
const errors = globalThis.decode(times);
const { user, system } = process.cpuUsage(before);
console.log(JSON.stringify({ times, errors, decode_us: Math.round(((user + system) / times) * 10) / 10 }));
if (errors !== 0) process.exit(1);
