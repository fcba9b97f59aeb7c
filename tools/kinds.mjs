// Tells what each built-in kind adds to the released program: its own rules, and reading, writing and comparing its type. Brotli,
// of the functions that bear its name, optimised as the site's are; what several kinds share (templates, selectors,
// decoding) is a row of its own, as is the table of all schemas. After `make build`.
// Usage: node tools/kinds.mjs [--strict]
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { brotliCompressSync } from 'node:zlib';
import { optimise } from './optimise.mjs';
import { parse } from './split/module.mjs';
import { demangle } from './split/plan.mjs';

const { values } = parseArgs({ options: { strict: { type: 'boolean', default: false } } });
const LIMIT_KIB = 450;
const linked = join(process.env.CARGO_TARGET_DIR ?? 'target', 'wasm32-unknown-unknown/release/app.wasm');
const named = 'target/site/named.wasm';
optimise(linked, named, ['-g']);

const kinds = readdirSync('src/api/kinds').map((file) => basename(file, '.rs')).filter((kind) => kind !== 'mod');
const SHARED = 'reading, writing and rules shared by several';
/** Rules that bear the name of an area instead of a kind's. */
const AREAS = {
  autoscaling: 'horizontal_pod_autoscaler', certificates: 'certificate_signing_request', definitions: 'custom_resource_definition', limits: 'limit_range',
  network_policies: 'network_policy', policies: 'validating_admission_policy', quotas: 'resource_quota', rbac: 'role', storage: 'storage_class', webhooks: 'validating_webhook_configuration',
};
/** The kind whose name a module's begins with, the longest of them. */
function ofName(module) {
  const flat = (name) => name.replaceAll('_', '');
  const own = kinds.filter((kind) => flat(module).startsWith(flat(kind)));
  return AREAS[module] ?? own.sort((a, b) => b.length - a.length)[0] ?? SHARED;
}
/** The kind that a function belongs to; none, if it is no kind's. */
function owner(path) {
  const own = /bottle::api::(?:kinds|rules)::(\w+)/.exec(path)?.[1];
  if (own) return ofName(own);
  if (/bottle::api::(pod|volumes)\b/.test(path)) return 'pod';
  if (/bottle::api::(json|faces|schema|meta_validation|service|rules|kinds)\b|^<T as bottle::api/.test(path)) return SHARED;
  const type = /k8s_openapi::(?:v1_\d+::)?(?:api|apiextensions\w*|kube_aggregator|apimachinery)::(?:\w+::)*?v\d\w*::(\w+)/.exec(path);
  return type ? ofName(type[1]) : undefined;
}

const module = parse(readFileSync(named));
const code = new Map();
module.bodies.forEach(({ start, end }, i) => {
  const kind = owner(demangle(module.names.get(module.imported + i)));
  if (kind) code.set(kind, [...(code.get(kind) ?? []), module.bytes.subarray(start, end)]);
});
const kib = (bytes) => brotliCompressSync(bytes).length / 1024;
const rows = [...code].map(([kind, bodies]) => ({ kind, functions: bodies.length, kib: kib(Buffer.concat(bodies)) }));
rows.push({ kind: 'schemas of all kinds (data)', functions: 0, kib: kib(Buffer.concat(['kinds.txt', 'go-structs.txt'].map((file) => readFileSync(join('assets/schema', file))))) });
rows.sort((a, b) => b.kib - a.kib);
for (const row of rows) console.log(`${row.kind.padEnd(44)} ${String(row.functions).padStart(6)} functions ${row.kib.toFixed(1).padStart(8)} KiB`);
const without = kinds.filter((kind) => !code.has(kind));
if (without.length > 0) console.log(`no function of their own: ${without.join(', ')}`);
const all = rows.reduce((sum, row) => sum + row.kib, 0);
console.log(`all kinds: ${all.toFixed(1)} KiB of ${LIMIT_KIB}`);
if (values.strict && all > LIMIT_KIB) process.exit(1);
