// Divides the released program in two: the first part paints the settled harbour, the rest arrives right after.
//
// Both are modules that share memory and table. A function of the rest has its place in the table, which is empty until
// the rest has arrived; what the first part calls directly of it becomes a call through the table. What goes is decided by
// late.txt and by who refers to whom (plan.mjs). Optimisation comes afterwards, for each part alone.
import { calls, list, s32, section, sized, text, u32 } from './binary.mjs';
import { parse } from './module.mjs';
import { demangle, meaning, plan } from './plan.mjs';
import { references } from './relocations.mjs';

const [CALL_INDIRECT, LOCAL_GET, CONST, END, UNREACHABLE] = [0x11, 0x20, 0x41, 0x0b, 0x00];
const [FUNCTION, TABLE, MEMORY, GLOBAL] = [0, 1, 2, 3];
/** Under these names the rest finds what it shares with the first (assets/boot/boot.js). */
const shared = (letter, index) => `rest-${letter}${index}`;

/** A function that calls another through the table. */
function trampoline(module, type, slot) {
  const values = module.types[type].parameters.flatMap((_, i) => [LOCAL_GET, ...u32(i)]);
  return Buffer.from([0, ...values, CONST, ...s32(slot), CALL_INDIRECT, ...u32(type), 0, END]);
}

/** The table: who has which place; whoever is called across the parts gets one. */
class Places {
  constructor(module) {
    this.of = new Map();
    this.in = new Map();
    for (const { at, functions } of module.elements) functions.forEach((index, i) => this.put(index, at + i));
    this.end = Math.max(...this.in.keys()) + 1;
    const [size] = module.tables[0].limits.subarray(1);
    if (size === undefined) throw new Error('split: there is no table.');
  }

  put(index, slot) {
    this.in.set(slot, index);
    if (!this.of.has(index)) this.of.set(index, slot);
  }

  give(index) {
    if (!this.of.has(index)) {
      this.put(index, this.end);
      this.end += 1;
    }
    return this.of.get(index);
  }

  /** The segments of a part; `renamed` gives a function's index in it, or nothing. */
  segments(renamed) {
    const runs = [];
    for (let slot = 0; slot < this.end; slot += 1) {
      const index = this.in.has(slot) ? renamed(this.in.get(slot)) : undefined;
      if (index === undefined) continue;
      const last = runs.at(-1);
      if (last && last.at + last.functions.length === slot) last.functions.push(index);
      else runs.push({ at: slot, functions: [index] });
    }
    return section(9, list(runs.map(({ at, functions }) => Buffer.concat([Buffer.from([0, CONST, ...s32(at), END]), list(functions.map(u32))]))));
  }
}

const namesOf = (names) => section(0, Buffer.concat([text('name'), Buffer.from([1]), sized(list(names.map(([index, name]) => Buffer.concat([Buffer.from(u32(index)), text(name)]))))]));
const dataOf = (pieces) => section(11, list(pieces.map(({ at, bytes }) => Buffer.concat([Buffer.from([0, CONST, ...s32(at | 0), END]), sized(bytes)]))));

/** The first part: as it was, but what is late is empty, or a call through the table. */
function firstOf(module, { late, data, gates }, places) {
  const bodies = module.bodies.map(({ start, end }, i) => {
    const index = module.imported + i;
    if (!late.has(index)) return sized(module.bytes.subarray(start, end));
    return sized(gates.has(index) ? trampoline(module, module.functions[index], places.give(index)) : Buffer.from([0, UNREACHABLE, END]));
  });
  const exports = [
    ...module.exports.map((one) => ({ ...one })),
    ...module.tables.map((_, index) => ({ name: shared('t', index), kind: TABLE, index })),
    { name: shared('m', 0), kind: MEMORY, index: 0 },
    ...module.globals.map((_, index) => ({ name: shared('g', index), kind: GLOBAL, index })),
  ];
  const bytes = Buffer.from(module.bytes);
  for (const segment of module.data) {
    for (const piece of data.filter(({ start, end }) => start >= segment.at && end <= segment.at + segment.end - segment.start)) {
      bytes.fill(0, segment.start + piece.start - segment.at, segment.start + piece.end - segment.at);
    }
  }
  const tables = module.tables.map(({ type, limits }, i) => Buffer.concat([Buffer.from([type]), i === 0 ? grown(places.end) : limits]));
  const parts = {
    4: () => section(4, list(tables)),
    7: () => section(7, list(exports.map(({ name, kind, index }) => Buffer.concat([text(name), Buffer.from([kind, ...u32(index)])])))),
    9: () => places.segments((index) => (late.has(index) ? undefined : index)),
    10: () => section(10, list(bodies)),
    11: () => dataOf(module.data.map(({ at, start, end }) => ({ at, bytes: bytes.subarray(start, end) }))),
  };
  const kept = module.sections.filter(({ id, name }) => id !== 0 || name === 'name' || name === 'target_features');
  return Buffer.concat([module.bytes.subarray(0, 8), ...kept.map((one) => parts[one.id]?.() ?? whole(module, one))]);
}

/** A section as it is. */
function whole(module, { id, name, start, end }) {
  return section(id, Buffer.concat([...(id === 0 ? [text(name)] : []), module.bytes.subarray(start, end)]));
}

const grown = (size) => Buffer.from([1, ...u32(size), ...u32(size)]);

/** The rest: what is late, and calls through the table for all that it needs of the first. */
function restOf(module, { late, data }, places) {
  const order = [...late].sort((a, b) => a - b);
  const renamed = new Map(order.map((index, i) => [index, i]));
  const needed = [];
  const rename = (index) => {
    if (!renamed.has(index)) {
      renamed.set(index, renamed.size);
      needed.push(index);
      places.give(index);
    }
    return renamed.get(index);
  };
  const bodies = order.map((index) => {
    const { start, end } = module.bodies[index - module.imported];
    const pieces = [];
    let at = start;
    calls(module.bytes, start, end, (callee, from, to) => {
      pieces.push(module.bytes.subarray(at, from), Buffer.from(u32(rename(callee))));
      at = to;
    });
    return sized(Buffer.concat([...pieces, module.bytes.subarray(at, end)]));
  });
  for (const index of needed) bodies.push(sized(trampoline(module, module.functions[index], places.of.get(index))));
  const all = [...order, ...needed];
  const imports = [
    ...module.tables.map(({ type, limits }, i) => ({ name: shared('t', i), bytes: [TABLE, type, ...(i === 0 ? grown(places.end) : limits)] })),
    { name: shared('m', 0), bytes: [MEMORY, ...module.memory[0]] },
    ...module.globals.map(({ type, mutable }, i) => ({ name: shared('g', i), bytes: [GLOBAL, type, mutable] })),
  ];
  const content = (piece) => {
    const segment = module.data.find(({ at, start, end }) => piece.start >= at && piece.end <= at + end - start);
    return module.bytes.subarray(segment.start + piece.start - segment.at, segment.start + piece.end - segment.at);
  };
  const same = (found) => whole(module, module.sections.find(found));
  return Buffer.concat([
    module.bytes.subarray(0, 8),
    same(({ id }) => id === 1),
    section(2, list(imports.map(({ name, bytes }) => Buffer.concat([text('first'), text(name), Buffer.from(bytes)])))),
    section(3, list(all.map((index) => u32(module.functions[index])))),
    places.segments((index) => (late.has(index) ? renamed.get(index) : undefined)),
    section(10, list(bodies)),
    dataOf(joined(data.map((piece) => ({ at: piece.start, bytes: content(piece) })))),
    namesOf(all.map((index, i) => [i, late.has(index) ? module.names.get(index) : `first_${places.of.get(index)}`])),
    same(({ name }) => name === 'target_features'),
  ]);
}

/** Pieces that touch become one. */
function joined(pieces) {
  const runs = [];
  for (const { at, bytes } of pieces) {
    const last = runs.at(-1);
    if (last && last.at + last.size === at) {
      last.bytes.push(bytes);
      last.size += bytes.length;
    } else runs.push({ at, size: bytes.length, bytes: [bytes] });
  }
  return runs.map(({ at, bytes }) => ({ at, bytes: Buffer.concat(bytes) }));
}

/**
 * Divides a program: `program` as the linker wrote it, `bound` as wasm-bindgen made it of that (names kept). Returns the two
 * parts, a sentence about them, and what the list names in vain.
 */
export function divide(program, bound, wishes) {
  const module = parse(bound);
  const { means, unused } = meaning(wishes);
  const division = plan(module, references(program), means);
  const places = new Places(module);
  // Whoever is called across the parts has a place before either is written.
  for (const index of division.gates.keys()) places.give(index);
  const rest = restOf(module, division, places);
  const first = firstOf(module, division, places);
  const code = [...division.late].reduce((bytes, index) => bytes + module.bodies[index - module.imported].end - module.bodies[index - module.imported].start, 0);
  const told = `${division.late.size} of ${module.bodies.length} functions arrive later, ${Math.round(code / 1000)} KB; ${division.gates.size} of them are named by the first part`;
  const gates = [...division.gates].map(([index, from]) => `${demangle(module.names.get(index))} <- ${[...from].map((one) => demangle(module.names.get(one))).join(' | ')}`);
  return { first, rest, told, unused: unused(), gates: gates.sort() };
}
