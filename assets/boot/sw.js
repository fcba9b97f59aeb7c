// Keeps the site in the browser, so that it opens without a network. tools/finish.mjs puts in the version and the files.
const SITE = new URL('./', self.location).href;
const CACHE = `bottle ${SITE} VERSION`;
const FILES = [];
/** What has a hash in its name never changes. */
const LASTING = /-[0-9a-f]{12,16}(_bg)?\.\w+$/;

addEventListener('install', (event) => {
  const wanted = FILES.map((file) => new Request(file, { cache: LASTING.test(file) ? 'default' : 'no-cache' }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(wanted)));
});

addEventListener('activate', (event) => {
  const forget = async () => {
    const old = (await caches.keys()).filter((name) => name.startsWith(`bottle ${SITE} `) && name !== CACHE);
    await Promise.all(old.map((name) => caches.delete(name)));
    await clients.claim();
  };
  event.waitUntil(forget());
});

/** From the cache what never changes, and otherwise what the network does not give. Every route is the one page. */
async function answer(request) {
  const cache = await caches.open(CACHE);
  const lasting = LASTING.test(new URL(request.url).pathname);
  const kept = lasting ? await cache.match(request) : null;
  if (kept) return kept;
  try {
    const response = await fetch(request);
    if (lasting && response.ok) cache.put(request, response.clone()).catch(() => {});
    return response;
  } catch (error) {
    const page = request.mode === 'navigate' ? SITE : request;
    return (await cache.match(page)) ?? Promise.reject(error);
  }
}

addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method === 'GET' && request.url.startsWith(SITE)) event.respondWith(answer(request));
});
