// What the page keeps beyond itself: a run in a link (compressed) and in the browser's database. The program calls these;
// nothing here knows what a run is.
(() => {
  const encode = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  const decode = (text) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));

  /** All that a stream gives, but not more than so many bytes: what is packed small may be endless. */
  const all = async (stream, most) => {
    const reader = stream.getReader();
    const parts = [];
    let size = 0;
    for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
      size += value.length;
      if (size > most) {
        reader.cancel().catch(() => {});
        throw new RangeError('too long');
      }
      parts.push(value);
    }
    return new Uint8Array(await new Blob(parts).arrayBuffer());
  };
  const through = (bytes, transform, most) => all(new Blob([bytes]).stream().pipeThrough(transform), most);

  const database = () =>
    new Promise((resolve, reject) => {
      const request = indexedDB.open('bottle', 1);
      request.onupgradeneeded = () => request.result.createObjectStore('runs');
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  const within = async (mode, work) => {
    const opened = await database();
    try {
      return await new Promise((resolve, reject) => {
        const transaction = opened.transaction('runs', mode);
        const request = work(transaction.objectStore('runs'));
        transaction.oncomplete = () => resolve(request.result);
        transaction.onabort = () => reject(transaction.error);
        transaction.onerror = () => reject(transaction.error);
      });
    } finally {
      opened.close();
    }
  };

  window.__bottleKeep = {
    /** A text as a part of an address. */
    pack: async (text) => encode(await through(new TextEncoder().encode(text), new CompressionStream('deflate-raw'), Infinity)),
    /** The text again; fails when it is broken or longer than so many bytes. */
    unpack: async (text, most) =>
      new TextDecoder('utf-8', { fatal: true }).decode(await through(decode(text), new DecompressionStream('deflate-raw'), most)),
    /** Keeps a text under a name; fails when the browser has no room or keeps nothing. */
    save: (name, text) => within('readwrite', (store) => store.put(text, name)),
    /** What is kept under a name, if anything is. */
    load: (name) => within('readonly', (store) => store.get(name)),
    /** Forgets it. */
    forget: (name) => within('readwrite', (store) => store.delete(name)),
  };
})();
