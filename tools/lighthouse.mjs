// Lighthouse's scores of the built site, as on a desktop. Lighthouse is fetched at the first use only, into target/lighthouse.
// Usage: node tools/lighthouse.mjs [--dir dist] [PATH …]
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { start } from '../tests/browser/rig.mjs';

const VERSION = '13.5.0';
const AIMS = { accessibility: 100, 'best-practices': 95, seo: 95, performance: 85 };
const PAGES = ['ko/sandbox', 'en/sandbox', 'en/gallery', 'ko/fidelity'];

const { values, positionals } = parseArgs({ allowPositionals: true, options: { dir: { type: 'string', default: 'dist' } } });
const folder = join(dirname(fileURLToPath(import.meta.url)), '../target/lighthouse');
const entry = join(folder, 'node_modules/lighthouse/core/index.js');
if (!existsSync(entry)) {
  console.log(`lighthouse: installing ${VERSION} into target/lighthouse`);
  execFileSync('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', `lighthouse@${VERSION}`], { stdio: 'inherit' });
}
const { default: lighthouse, desktopConfig } = await import(pathToFileURL(entry).href);

/** A port that is free now. */
const free = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

const port = await free();
const rig = await start({ dir: values.dir, flags: [`--remote-debugging-port=${port}`] });
let below = 0;
try {
  for (const path of positionals.length ? positionals : PAGES) {
    const url = new URL(path, rig.url).href;
    const { lhr } = await lighthouse(url, { port, output: 'json', logLevel: 'error', onlyCategories: Object.keys(AIMS) }, desktopConfig);
    const scores = Object.entries(AIMS).map(([name, aim]) => {
      const score = Math.round(lhr.categories[name].score * 100);
      if (score < aim) below += 1;
      return `${name} ${score}${score < aim ? ` (aim ${aim})` : ''}`;
    });
    console.log(`/${path}: ${scores.join(', ')}`);
    for (const name of Object.keys(AIMS)) {
      for (const { id, weight } of lhr.categories[name].auditRefs) {
        const audit = lhr.audits[id];
        if (weight > 0 && audit.score !== null && audit.score < 0.9) console.log(`  ${name}: ${id} ${audit.score} ${audit.displayValue ?? ''}`);
      }
    }
  }
} finally {
  await rig.stop();
}
if (below) process.exitCode = 1;
