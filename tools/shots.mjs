// Takes screenshots of a page of the built site: three sizes × light and dark × Korean and English.
// Usage: node tools/shots.mjs FOLDER [PATH | URL] [--dir dist] [--only 1440x900-light-ko] [--wait MILLISECONDS]
// PATH is a path of the site, where {lang} stands for the language; without it: {lang}/sandbox?scenario=three-ships&seed=42
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { open, start, VIEWPORTS } from '../tests/browser/rig.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { dir: { type: 'string', default: 'dist' }, only: { type: 'string' }, wait: { type: 'string', default: '1500' } },
});
const [folder, path = '{lang}/sandbox?scenario=three-ships&seed=42'] = positionals;
if (!folder) {
  console.error('shots: say where to: node tools/shots.mjs FOLDER [PATH | URL]');
  process.exit(1);
}
mkdirSync(folder, { recursive: true });

const rig = await start({ dir: values.dir });
try {
  for (const [size, viewport] of Object.entries(VIEWPORTS)) {
    for (const theme of ['light', 'dark']) {
      for (const lang of ['ko', 'en']) {
        const name = `${size}-${theme}-${lang}`;
        if (values.only && values.only !== name) continue;
        const { page, errors, close } = await open(rig, path.replaceAll('{lang}', lang), { lang, theme, viewport, wait: false });
        await page.waitForFunction(() => window.__bottle?.ready, null, { timeout: 20000 }).catch(() => console.error(`shots: ${name} never became ready`));
        await page.waitForTimeout(Number(values.wait));
        await page.screenshot({ path: join(folder, `${name}.png`) });
        console.log(`${join(folder, name)}.png${errors.length ? `  console errors: ${errors.join(' | ')}` : ''}`);
        await close();
      }
    }
  }
} finally {
  await rig.stop();
}
