// How long a person waits: from a real click or key to the next picture (the events' durations of Chromium's Event Timing,
// which are what INP is made of), for each kind of interaction, in four worlds: the settled harbour, a harbour with 100
// nodes and 1,000 pods at rest, the same while these come into being, and 5,000 nodes. Milliseconds, in steps of 8; what
// took less than 16 counts as 16. Beside other work the figures are larger.
// Usage: node tools/bench-interactions.mjs [--dir dist] [--json] [--only harbour] [--rounds 3]
import { parseArgs } from 'node:util';
import { deployment, open, start } from '../tests/browser/rig.mjs';

const { values } = parseArgs({
  options: { dir: { type: 'string', default: 'dist' }, json: { type: 'boolean', default: false }, only: { type: 'string' }, rounds: { type: 'string', default: '3' } },
});
const AIM = 200;
const FLOOR = 16;
const ROUNDS = Number(values.rounds);
const WAIT = { timeout: 300_000 };
const POLL = { ...WAIT, polling: 100 };

/** Collects the events that belong to an interaction. */
const observe = () => {
  window.__events = [];
  const note = (list) => list.getEntries().forEach((entry) => {
    if (entry.interactionId) window.__events.push({ name: entry.name, duration: entry.duration, waited: entry.processingStart - entry.startTime, worked: entry.processingEnd - entry.processingStart });
  });
  new PerformanceObserver(note).observe({ type: 'event', durationThreshold: 16, buffered: true });
};

/** Lets the page settle, then gives what was observed since the last call. */
async function observed(page) {
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 60)))));
  return page.evaluate(() => window.__events.splice(0));
}

const click = (page, id) => () => page.getByTestId(id).first().click(WAIT);

/** A click on the picture of one of these (`Node` or `Pod`); where they are too many to have one of their own, on their field. */
const clickOn = (page, kind, nth) => async () => {
  const at = await page.evaluate(({ kind, nth }) => {
    const { width, height } = document.querySelector('.stage-view canvas').getBoundingClientRect();
    const inside = ({ x, y, w, h }) => x > 0 && y > 60 && x + w < width && y + h < height - 40;
    const items = window.__bottle.displayList();
    const own = items.filter((item) => item.ref?.startsWith(`${kind}/`) && inside(item));
    const item = own[(nth * 7) % Math.max(1, own.length)] ?? items.find(({ id }) => id === 'field');
    return { x: item.x + item.w / 2, y: item.y + item.h / 2 };
  }, { kind, nth });
  await page.locator('.stage-view canvas').click({ position: at, force: true });
};

/** Opens and closes all that is folded in the inspector. */
const unfold = (page) => async () => {
  const folds = page.getByTestId('inspector').locator('summary');
  for (let turn = 0; turn < 2; turn += 1) {
    for (let fold = 0; fold < (await folds.count()); fold += 1) await folds.nth(fold).click();
  }
};

/** All interactions, in an order in which each is possible. */
function interactions(page, round) {
  const tabs = ['manifest', 'events', 'requests', 'timeline', 'transcript'];
  const type = (text) => async () => {
    for (const letter of text) await page.keyboard.press(letter === ' ' ? 'Space' : letter);
  };
  return [
    ['ship', clickOn(page, 'Node', round)],
    ['inspector', unfold(page)],
    ['pod', clickOn(page, 'Pod', round)],
    ['inspector', unfold(page)],
    ['row of the tree', () => page.locator('[data-testid=tree] [role=treeitem]').nth(2 + round).click()],
    ['tree by keys', async () => {
      await page.getByTestId('tree').focus();
      for (const name of ['ArrowDown', 'ArrowRight', 'End', 'Home']) await page.keyboard.press(name);
    }],
    ...tabs.slice(1).map((tab) => [`tab ${tab}`, click(page, `tab-${tab}`)]),
    ['tab manifest', click(page, 'tab-manifest')],
    ['editor', async () => {
      await page.locator('[data-testid=manifest-editor] .cm-content').focus();
      await page.keyboard.press('Control+Home');
      await type('# a b')();
      for (let back = 0; back < 5; back += 1) await page.keyboard.press('Backspace');
    }],
    ['play', click(page, 'play')],
    ['play', click(page, 'play')],
    ['step', click(page, 'step')],
    ['step back', click(page, 'step-back')],
    ['nearer', async () => {
      await page.locator('.stage-view').focus();
      for (const name of ['+', '+', '-', '-', '0']) await page.keyboard.press(name);
    }],
    ['search', async () => {
      await page.getByTestId('view-tools').first().click();
      await page.getByTestId('search').click();
      await type('web')();
      for (let back = 0; back < 3; back += 1) await page.keyboard.press('Backspace');
      await page.getByTestId('view-tools').first().click();
    }],
    ['palette', async () => {
      await page.keyboard.press('Control+k');
      await page.getByRole('dialog').waitFor(WAIT);
      await type('node')();
      await page.keyboard.press('Escape');
    }],
    ['truth', click(page, 'truth')],
    ['truth', click(page, 'truth')],
    ['language', click(page, 'language')],
    ['language', click(page, 'language')],
    ['theme', click(page, 'theme')],
    ['theme', click(page, 'theme')],
  ];
}

const apply = (page, replicas) => async () => {
  await page.locator('[data-testid=manifest-editor] .cm-content').fill(deployment(replicas));
  await page.getByTestId('apply').click();
};
const ready = (page, count) => page.waitForFunction((n) => window.__bottle.readyPods >= n, count, POLL);

const WORLDS = {
  harbour: { path: 'en/sandbox?scenario=three-ships&seed=42', apply: 3, wait: true },
  hundred: { path: 'en/sandbox?scenario=three-ships&nodes=100&seed=42&speed=1000', apply: 1000, wait: true },
  busy: { path: 'en/sandbox?scenario=three-ships&nodes=100&seed=42&speed=1', apply: 1000, wait: false },
  fleet: { path: 'en/sandbox?scenario=five-thousand-ships', apply: 100, wait: false },
};

const rig = await start({ dir: values.dir });
const figures = {};
let over = 0;
try {
  for (const [name, world] of Object.entries(WORLDS)) {
    if (values.only && values.only !== name) continue;
    const { page, errors, close } = await open(rig, world.path, { wait: false, init: observe });
    await page.waitForFunction(() => window.__bottle?.ready === true && window.__bottle.whole, null, POLL);
    await page.waitForTimeout(1000);
    const seen = (figures[name] = {});
    const note = async (what, act) => {
      await observed(page);
      await act();
      (seen[what] ??= []).push(...(await observed(page)));
    };
    const before = await page.evaluate(() => window.__bottle.readyPods);
    await note('apply', apply(page, world.apply));
    if (world.wait) await ready(page, before + world.apply);
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [what, act] of interactions(page, round)) {
        await note(what, act).catch((error) => console.error(`${name}: ${what}: ${error.message.split('\n')[0]}`));
      }
    }
    if (errors.length) console.error(`${name}: ${errors.join(' | ')}`);
    await close();
    for (const [what, events] of Object.entries(seen)) {
      const durations = events.map((event) => event.duration).sort((a, b) => a - b);
      const worst = events.reduce((most, event) => (event.duration > (most?.duration ?? 0) ? event : most), null);
      const p98 = durations[Math.min(durations.length - 1, Math.floor(durations.length * 0.98))] ?? FLOOR;
      seen[what] = { p98, worst: worst?.duration ?? FLOOR, waited: Math.round(worst?.waited ?? 0), worked: Math.round(worst?.worked ?? 0), by: worst?.name ?? '' };
      if (seen[what].worst > AIM) over += 1;
    }
    if (values.json) continue;
    console.log(`${name}:`);
    for (const [what, { p98, worst, waited, worked, by }] of Object.entries(seen)) {
      console.log(`  ${what.padEnd(18)} p98 ${String(p98).padStart(5)}  worst ${String(worst).padStart(5)}${worst > FLOOR ? `  (${by}: waited ${waited}, worked ${worked})` : ''}${worst > AIM ? '  OVER' : ''}`);
    }
  }
} finally {
  await rig.stop();
}
if (values.json) console.log(JSON.stringify({ aim: AIM, ...figures }, null, 2));
if (over) process.exitCode = 1;
