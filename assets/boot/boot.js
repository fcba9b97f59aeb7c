// Runs before the first paint: theme and language, so that nothing flickers; then what the page says while the app loads.
(() => {
  const root = document.documentElement;
  const query = new URLSearchParams(location.search);
  const stored = (key) => {
    try {
      return localStorage.getItem(key);
    } catch {
      return null; // Storage may be forbidden; then the system's wishes count.
    }
  };
  const oneOf = (choices, ...wishes) => wishes.find((wish) => choices.includes(wish));

  const base = new URL(document.baseURI).pathname;
  const inPath = location.pathname.slice(base.length).split('/')[0];
  const system = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  const spoken = (navigator.languages ?? []).map((tag) => tag.slice(0, 2)).find((tag) => tag === 'ko' || tag === 'en');
  root.dataset.theme = oneOf(['light', 'dark'], query.get('theme'), stored('bottle.theme'), system);
  root.lang = oneOf(['ko', 'en'], inPath, stored('bottle.lang'), spoken, 'en');

  const boot = () => document.getElementById('boot');
  let tell;
  const started = new Promise((resolve) => (tell = resolve));
  /** The first part of the program needed something of the rest after all: once more, with all of it from the start. */
  const again = (reason) => {
    if (typeof WebAssembly !== 'object' || !(reason instanceof WebAssembly.RuntimeError)) return false;
    try {
      if (sessionStorage.getItem('bottle.whole')) return false;
      sessionStorage.setItem('bottle.whole', 'yes');
    } catch {
      return false; // Without storage the page would begin anew for ever.
    }
    console.warn('Ship in a Bottle begins anew:', reason);
    location.reload();
    return true;
  };

  window.__bottleBoot = {
    /** Shows how much of the app has arrived, 0 to 1; in steps, as each change of the picture takes time from what is awaited. */
    progress(share) {
      const bar = boot()?.querySelector('progress');
      const step = Math.round(share * 10) / 10;
      if (bar && bar.value !== step) bar.value = step;
    },
    /** Says that the app cannot start; does nothing once the app has taken the picture away. */
    fail(reason) {
      const page = boot();
      if (!page || page.dataset.state === 'failed' || again(reason)) return;
      page.dataset.state = 'failed';
      page.querySelector('.boot-card').setAttribute('role', 'alert');
      console.error('Ship in a Bottle could not start:', reason);
    },
    /** The first part of the program has started; these are its exports. */
    started(exports) {
      tell(exports);
    },
    /** Fetches the rest of the program (tools/split), which fills the empty places in the first part's table; its texts. */
    async rest() {
      const first = await started;
      const get = async (name) => {
        const response = await fetch(new URL(name, document.baseURI));
        if (!response.ok) throw new Error(`${response.url}: ${response.status}`);
        return response;
      };
      const { content } = document.querySelector('meta[name=rest]');
      // A program in one piece has its rest already.
      if (content !== 'none') {
        const response = await get(content);
        const streams = response.headers.get('content-type') === 'application/wasm';
        await (streams ? WebAssembly.instantiateStreaming(response, { first }) : WebAssembly.instantiate(await response.arrayBuffer(), { first }));
      }
      const texts = await (await get('later.json')).text();
      // All is here: from now on it is kept for when there is no network. A browser that keeps nothing goes on without.
      try {
        navigator.serviceWorker?.register(new URL('sw.js', document.baseURI)).catch(() => {});
      } catch {
        // In a frame that is shut off even the question is forbidden.
      }
      return texts;
    },
    /** Loads the editor; a promise of window.__bottleEditor. */
    editor() {
      return import(new URL('editor.js', document.baseURI).href).then(() => window.__bottleEditor);
    },
  };

  const fail = window.__bottleBoot.fail;
  addEventListener('DOMContentLoaded', () => {
    if (typeof WebAssembly !== 'object') fail('this browser has no WebAssembly');
  });
  // A script that does not arrive, a start that traps. Other files that are missing (a font, a picture) stop nothing.
  addEventListener('error', (event) => {
    const { target } = event;
    if (target === window) fail(event.error ?? event.message);
    else if (target.tagName === 'SCRIPT') fail(target.src || 'the app did not arrive');
  }, true);
  // A download that breaks off.
  addEventListener('unhandledrejection', (event) => fail(event.reason));

  // Characters beyond the interface's own: needed only when somebody types them, so after everything else.
  addEventListener('load', () => {
    const later = document.createElement('link');
    later.rel = 'stylesheet';
    later.href = new URL('fonts/later.css', document.baseURI).href;
    document.head.append(later);
  });
})();
