// The benchmarks' Wasm, compiled as the site's is, in Node instead of a page. What it offers is in the global object.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const TARGET = 'wasm32-unknown-unknown';
const OUT = 'target/bench';
const run = (command, args) => execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });

// Compiles and starts it.
export function load() {
  run('tools/release.sh', ['--cargo', 'bench']);
  run('wasm-bindgen', ['--target', 'nodejs', '--no-typescript', '--out-dir', OUT, `target/${TARGET}/release/bench.wasm`]);
  // The project's own scripts are modules; what wasm-bindgen writes for Node is not.
  writeFileSync(join(OUT, 'package.json'), '{"type": "commonjs"}\n');
  // As tools/finish.mjs does it, undivided.
  run('wasm-opt', ['-O3', '--low-memory-unused', '--one-caller-inline-max-function-size=2000', `${OUT}/bench_bg.wasm`, '-o', `${OUT}/bench_bg.wasm`]);
  createRequire(import.meta.url)(join(process.cwd(), OUT, 'bench.js'));
}
