// What of the program arrives later: the functions that late.txt names, and all functions and data that nothing else
// refers to.
import { calls } from './binary.mjs';

/** A name as Rust writes it, from a symbol of the legacy kind; other names stay as they are. */
export function demangle(symbol = '') {
  if (!symbol.startsWith('_ZN')) return symbol;
  const parts = [];
  for (let at = 3; symbol[at] !== 'E' && at < symbol.length; ) {
    const size = Number.parseInt(symbol.slice(at), 10);
    at += String(size).length;
    parts.push(symbol.slice(at, at + size));
    at += size;
  }
  const signs = { SP: '@', BP: '*', RF: '&', LT: '<', GT: '>', LP: '(', RP: ')', C: ',' };
  return parts
    .slice(0, -1) // the last is a hash
    .map((part) => part.replace(/^_\$/, '$').replace(/\$([A-Z]{1,2})\$/g, (_, sign) => signs[sign]).replace(/\$u([0-9a-f]+)\$/g, (_, code) => String.fromCodePoint(Number.parseInt(code, 16))).replaceAll('..', '::'))
    .join('::');
}

/** Whether a name is one that a list means, and which lines mean nothing (late.txt says how such a list is written). */
export function meaning(list) {
  const lines = list.split('\n').map((line) => line.replace(/#.*/, '').trim()).filter(Boolean);
  const paths = lines.map((line) => ({ keep: line.startsWith('!'), path: line.replace(/^!/, ''), used: false }));
  // The longest one says.
  paths.sort((a, b) => b.path.length - a.path.length);
  const means = (name) => {
    const own = name.replace(/^[<&]*(mut )?/, '');
    const found = paths.find(({ path }) => own.startsWith(path) && !/^\w/.test(own.slice(path.length)));
    if (found) found.used = true;
    return found !== undefined && !found.keep;
  };
  return { means, unused: () => paths.filter(({ used }) => !used).map(({ path }) => path) };
}

/**
 * Divides a module: `late`, the functions that arrive later, and `data`, the pieces of data that go with them; `gates`,
 * those among the late functions that the first part refers to, with one that does.
 */
export function plan(module, known, means) {
  const byName = new Map([...module.names].map(([index, name]) => [name, index]));
  const wished = new Set();
  module.bodies.forEach((_, i) => {
    const index = module.imported + i;
    if (means(demangle(module.names.get(index)))) wished.add(index);
  });
  const gates = new Map();
  const edges = (index) => {
    const body = module.bodies[index - module.imported];
    const to = new Set();
    calls(module.bytes, body.start, body.end, (callee) => to.add(callee));
    const refers = known.functions.get(module.names.get(index));
    for (const name of refers?.functions ?? []) if (byName.has(name)) to.add(byName.get(name));
    return { functions: to, data: refers?.data ?? [] };
  };
  /** All that can be reached, but not through what `stops`. */
  const reach = (roots, stops) => {
    const [functions, data] = [new Set(), new Set()];
    const stack = [...roots];
    const visit = (index, from) => {
      if (index < module.imported || functions.has(index)) return;
      if (stops(index)) {
        if (!gates.has(index)) gates.set(index, new Set());
        gates.get(index).add(from);
      } else stack.push(index);
    };
    const visitData = (pieces, from) => {
      for (const piece of pieces) {
        if (data.has(piece)) continue;
        data.add(piece);
        for (const name of piece.functions) if (byName.has(name)) visit(byName.get(name), from);
        visitData(piece.data, from);
      }
    };
    while (stack.length > 0) {
      const index = stack.pop();
      if (functions.has(index)) continue;
      functions.add(index);
      const to = edges(index);
      for (const callee of to.functions) visit(callee, index);
      visitData(to.data, index);
    }
    return { functions, data };
  };
  const slots = module.elements.flatMap((one) => one.functions);
  const roots = [
    ...module.exports.filter((one) => one.kind === 0).map((one) => one.index),
    ...(module.start === undefined ? [] : [module.start]),
    ...slots.filter((index) => index >= module.imported && !known.functions.has(module.names.get(index))),
  ].filter((index) => index >= module.imported);
  const first = reach(roots, (index) => wished.has(index));
  const rest = reach(gates.keys(), () => false);
  const late = new Set([...rest.functions].filter((index) => !first.functions.has(index)));
  const data = [...rest.data].filter((piece) => !first.data.has(piece)).sort((a, b) => a.start - b.start);
  return { late, data, gates };
}
