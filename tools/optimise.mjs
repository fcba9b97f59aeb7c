// wasm-opt as the site's program gets it; what is measured beside the site gets the same.
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// npm's: Debian's breaks the app without a word.
const WASM_OPT = join(dirname(fileURLToPath(import.meta.url)), '../node_modules/.bin/wasm-opt');
// Below 1,024 lies the far end of the stack, where no object is, so that offsets may be folded.
const OPTIONS = ['-O3', '--low-memory-unused', '--one-caller-inline-max-function-size=2000'];

/** Optimises a module, in its place or into another file; `more` comes after the rest. */
export function optimise(from, to = from, more = []) {
  execFileSync(WASM_OPT, [...OPTIONS, ...more, from, '-o', to], { stdio: 'inherit' });
}
