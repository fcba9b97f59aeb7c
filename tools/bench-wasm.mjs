// The benchmarks' Wasm, compiled as the site's is, in Node instead of a page. What it offers is in the global object.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { optimise } from './optimise.mjs';

const TARGET = 'wasm32-unknown-unknown';
const OUT = 'target/bench';
const run = (command, args) => execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });

// Compiles and starts it.
export function load() {
  run('tools/release.sh', ['--cargo', 'bench']);
  run('wasm-bindgen', ['--target', 'nodejs', '--no-typescript', '--out-dir', OUT, `target/${TARGET}/release/bench.wasm`]);
  // The project's own scripts are modules; what wasm-bindgen writes for Node is not.
  writeFileSync(join(OUT, 'package.json'), '{"type": "commonjs"}\n');
  // As in the site, but undivided.
  optimise(`${OUT}/bench_bg.wasm`);
  createRequire(import.meta.url)(join(process.cwd(), OUT, 'bench.js'));
}
