// Serves the built site. Usage: node tools/serve.mjs [--dir dist] [--port 8080] [--public-url /]
// Static files only: 404.html answers the app's own routes (paths without a file ending), and missing files with status 404;
// precompressed copies go to browsers that take them.
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.woff2': 'font/woff2',
};
const ENCODINGS = [['br', '.br'], ['gzip', '.gz']];
// Trunk and tools/assets.mjs put a hash into the names of what never changes.
const HASHED = /-[0-9a-f]{12,16}(_bg)?\.[a-z0-9]+$/;

const isFile = (path) => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;

/** The file that answers a path of the site, and its status. */
function find(dir, path) {
  const file = normalize(join(dir, path.endsWith('/') ? `${path}index.html` : path));
  if (file.startsWith(normalize(dir) + sep) && isFile(file)) return { file, status: 200 };
  return { file: join(dir, '404.html'), status: extname(path) ? 404 : 200 };
}

function answer(request, response, dir, prefix) {
  const plain = (status, text, headers = {}) => response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...headers }).end(text);
  if (request.method !== 'GET' && request.method !== 'HEAD') return plain(405, 'Only GET and HEAD.\n', { allow: 'GET, HEAD' });
  let path;
  try {
    path = decodeURIComponent(new URL(request.url, 'http://localhost').pathname);
  } catch {
    return plain(400, 'Not an address.\n');
  }
  if (!path.startsWith(prefix)) return plain(302, `The site lives at ${prefix}\n`, { location: prefix });

  const { file, status } = find(dir, `/${path.slice(prefix.length)}`);
  const accepted = request.headers['accept-encoding'] ?? '';
  const [encoding, ending] = ENCODINGS.find(([name, end]) => accepted.includes(name) && isFile(file + end)) ?? [null, ''];
  const headers = {
    'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
    'content-length': statSync(file + ending).size,
    'cache-control': HASHED.test(file) ? 'public, max-age=31536000, immutable' : 'no-cache',
    vary: 'accept-encoding',
    'x-content-type-options': 'nosniff',
  };
  if (encoding) headers['content-encoding'] = encoding;
  response.writeHead(status, headers);
  if (request.method === 'HEAD') return response.end();
  createReadStream(file + ending).on('error', () => response.destroy()).pipe(response);
}

/** Starts the server on 127.0.0.1; port 0 takes a free one. Resolves to { url, close() }. */
export function serve({ dir = 'dist', port = 0, publicUrl = '/' } = {}) {
  if (!existsSync(join(dir, 'index.html'))) {
    throw new Error(`There is no site in ${dir}: run 'make build' first.`);
  }
  const prefix = `/${publicUrl}/`.replace(/\/+/g, '/');
  const server = createServer((request, response) => answer(request, response, dir, prefix));
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const close = () => new Promise((done) => {
        server.close(done);
        server.closeAllConnections();
      });
      resolve({ url: `http://127.0.0.1:${server.address().port}${prefix}`, close });
    });
  });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({
    options: { dir: { type: 'string' }, port: { type: 'string', default: '8080' }, 'public-url': { type: 'string' } },
  });
  try {
    const { url } = await serve({ dir: values.dir, port: Number(values.port), publicUrl: values['public-url'] });
    console.log(`Ship in a Bottle is at ${url.replace(/\/$/, '') || url} (Ctrl+C ends it)`);
  } catch (error) {
    const busy = error.code === 'EADDRINUSE';
    console.error(busy ? `Port ${values.port} is in use: end the other program, or run 'make run PORT=8081'.` : error.message);
    process.exit(1);
  }
}
