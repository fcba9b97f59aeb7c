// What nobody hopes for: links and manifests made to break the page, a browser that keeps nothing, a program that ends.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open, opener, rigged, VIEWPORTS } from './rig.mjs';

const SANDBOX = 'en/sandbox?scenario=three-ships&seed=42';
const WAIT = { timeout: 30_000 };
const rig = rigged();
const fresh = opener(rig);

async function go(path, options) {
  return (await fresh(path, options)).page;
}

const pod = (name, more = '') => `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}}\nspec:\n  containers:\n  - {name: c, image: nginx${more}}\n`;

/** Puts a text into the editor at once, as pasting would; line ends and odd characters stay as they are. */
async function paste(page, text) {
  await page.locator('.cm-content').focus();
  await page.keyboard.press('Control+a');
  await page.evaluate((data) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', data);
    document.querySelector('.cm-content').dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
  }, text);
}

/** Applies a text and gives back what is said to it. */
async function applied(page, text) {
  await paste(page, text);
  await page.getByTestId('apply').click();
  const problems = page.getByTestId('problems');
  await problems.locator('.line, .refusal').first().waitFor(WAIT);
  return (await problems.innerText()).replace(/\s+/g, ' ');
}

/** What a link can carry, and the part of it that the page says it cannot understand. */
const LINKS = [
  ['en/sandbox?scenario=<script>alert(1)</script>', 'scenario=<script>alert(1)</script>'],
  ['en/sandbox?sel=pods/a%26b/%22%3E%3Cimg%20src=x%3E', 'sel=pods/a&b/"><img src=x>'],
  ['en/sandbox?sel=components/kubelet/%3Cb%3E', 'sel=components/kubelet/<b>'],
  ['en/sandbox?seed=99999999999999999999999', 'seed=99999999999999999999999'],
  ['en/sandbox?nodes=1000000', 'nodes=1000000'],
  ['en/sandbox?t=NaN', 't=NaN'],
  ['en/sandbox?t=1e300', 't=1e300'],
  ['en/sandbox?speed=Infinity', 'speed=Infinity'],
  ['en/%3Cb%3Enowhere', 'There is no page'],
];

test('what a link cannot say becomes a sentence, and no part of the page', async () => {
  for (const [path, said] of LINKS) {
    const page = await go(path);
    await page.locator('.notice').getByText(said).waitFor(WAIT);
    assert.equal(await page.locator('.app img[src=x], .app script, .notice b, .insp b').count(), 0, path);
    // What stands in the address now is understood.
    await page.reload();
    await page.waitForFunction(() => window.__bottle?.ready);
    assert.equal(await page.locator('.notice').count(), 0, path);
  }
});

test('what a link cannot say is seen on a phone and in a frame too, until it is put away', async () => {
  for (const path of ['en/sandbox?t=NaN', 'en/embed/three-ships?t=NaN']) {
    const page = await go(path, { viewport: VIEWPORTS['390x844'] });
    await page.locator('.notice').getByText('t=NaN').waitFor(WAIT);
    await page.getByTestId('notices-close').click();
    assert.equal(await page.locator('.notice').count(), 0, path);
  }
});

test('what a link names need not be there', async () => {
  for (const selected of ['components/kubelet/node-99', 'pods/default/none', 'nodes/node-99']) {
    const page = await go(`${SANDBOX}&sel=${selected}`);
    await page.getByTestId('inspector').getByText('Does not exist at this moment.').waitFor(WAIT);
  }
  // Nothing has broken, whatever the link says.
  const page = await go(`${SANDBOX}&restore=1&t=5000`);
  // (The way to that moment is run in slices, between which the page is drawn.)
  await page.waitForFunction(() => window.__bottle.t === 5000, null, { timeout: 30_000 });
  assert.equal(await page.locator('.notice').count(), 0);
});

const laughs = () => {
  const rows = ['a: &a [x, x, x, x, x, x, x, x, x]'];
  for (const [from, to] of ['ab', 'bc', 'cd', 'de', 'ef', 'fg', 'gh', 'hi']) rows.push(`${to}: &${to} [${Array(9).fill(`*${from}`)}]`);
  return rows.join('\n');
};

/** Manifests that nobody should write, and what is said to them. */
const REFUSED = [
  ['', /no objects passed to apply/],
  ['---\n---\n# only words\n---\n', /no objects passed to apply/],
  ['hello', /invalid object/],
  ['apiVersion: v1\n\tkind: Pod\n', /found character that cannot start any token/],
  [laughs(), /excessive aliasing/],
  ['['.repeat(20000), /exceeded max depth/],
  ['x: &x {a: *x}\n', /contains itself/],
  ['apiVersion: x.io/v9\nkind: Zap\nmetadata: {name: z}\n', /no matches for kind "Zap"/],
  ['!!python/object:os.system x\n', /invalid object/],
  [pod('"<img src=x onerror=alert(1)>"'), /Invalid value: "<img src=x onerror=alert\(1\)>"/],
  [pod('🚢'), /Invalid value: "🚢"/],
  [pod('a'.repeat(300)), /must be no more than 253 characters/],
  [pod('q', ', resources: {requests: {memory: "-5Gi"}}'), /must be greater than or equal to 0/],
  ['apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {a: "!!!"}\n', /illegal base64/],
];

test('strange manifests are answered, and change nothing', async () => {
  const page = await go(`${SANDBOX}&speed=10`);
  const objects = () => page.evaluate(() => {
    const { Event, ...others } = window.__bottle.view().objects;
    return others;
  });
  const before = await objects();
  for (const [text, answer] of REFUSED) {
    assert.match(await applied(page, text), answer);
    assert.equal(await page.locator('.app img[src=x]').count(), 0);
  }
  assert.deepEqual(await objects(), before);
  // What is odd but right is taken.
  const odd = [`\uFEFF${pod('bom')}`, pod('crlf').replaceAll('\n', '\r\n'), JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'json' } })];
  for (const text of odd) assert.match(await applied(page, text), /^(pod|namespace)\/(bom|crlf|json) created$/);
});

test('a value of the wrong type is marked where it stands', async () => {
  const page = await go(`${SANDBOX}&speed=10`);
  const said = await applied(page, 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n  containers:\n  - name: c\n    image: nginx\n    ports: none\n');
  assert.match(said, /Refused at decoding \(400\)/);
  assert.equal((await page.locator('.cm-line.bottle-error').innerText()).trim(), 'ports: none');
});

test('a browser whose storage is full says so until the manifest is kept again', async () => {
  const page = await go(SANDBOX, {
    init: () => {
      for (let size = 1 << 20; size > 0; size >>= 1) {
        try {
          for (let i = 0; ; i += 1) localStorage.setItem(`full-${size}-${i}`, 'x'.repeat(size));
        } catch {
          // The next smaller piece may still find room.
        }
      }
    },
  });
  const notice = page.locator('.notice').getByText('will not survive a reload');
  await page.locator('.cm-content').waitFor();
  await paste(page, pod('much', 'x'.repeat(5000)));
  await notice.waitFor();
  // Room for a word is none for a manifest.
  await page.evaluate(() => localStorage.removeItem(Object.keys(localStorage).find((key) => /^full-(64|128|256|512|1024)-/.test(key))));
  await page.getByTestId('theme').click();
  assert.equal(await page.evaluate(() => localStorage.getItem('bottle.theme')), 'dark');
  assert.equal(await notice.count(), 1);
  await page.evaluate(() => localStorage.clear());
  await paste(page, pod('less'));
  await notice.waitFor({ state: 'detached' });
});

test('a browser that forbids storage can be used', async () => {
  const page = await go(`${SANDBOX}&speed=10`, {
    init: () => {
      const refuse = { get() { throw new DOMException('refused', 'SecurityError'); } };
      for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(window, name, refuse);
    },
  });
  assert.match(await applied(page, pod('p')), /pod\/p created/);
  await page.getByTestId('language').click();
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'ko');
});

test('when the program ends without a word, the page says so', async () => {
  const { page, errors, close } = await open(rig, `${SANDBOX}&t=0`);
  // (module (func (export "f") unreachable)): as when memory is used up.
  const bytes = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 5, 1, 3, 0, 0, 11];
  await page.evaluate((module) => {
    const { f } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(module))).exports;
    setTimeout(f, 0);
  }, bytes);
  await page.getByRole('alertdialog').getByRole('link').waitFor(WAIT);
  assert.deepEqual(errors, ['RuntimeError: unreachable']);
  await close();
});
