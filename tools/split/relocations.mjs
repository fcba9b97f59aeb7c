// What the linker knew (https://github.com/WebAssembly/tool-conventions, Linking.md): which function and which constant
// data refers to which. Read from the program as the linker wrote it, with `--emit-relocs`.
import { Reader } from './binary.mjs';
import { parse } from './module.mjs';

const [SYMBOL_FUNCTION, SYMBOL_DATA, SYMBOL_SECTION] = [0, 1, 3];
const SYMBOL_TABLE = 8;
const [UNDEFINED, NAMED] = [0x10, 0x40];
/** Kinds of relocations: to a function by its place in the table, to a function, to data; and those with an addend. */
const [TO_SLOT, TO_FUNCTION, TO_DATA] = [new Set([1, 2, 12, 18, 19]), new Set([0, 8, 26]), new Set([3, 4, 5, 11, 14, 15, 16, 17, 21, 23])];
const WITH_ADDEND = new Set([...TO_DATA, 8, 9, 22]);

function symbols(module) {
  const linking = module.sections.find((section) => section.name === 'linking');
  if (!linking) throw new Error('split: the program was linked without --emit-relocs (build.rs).');
  const reader = new Reader(module.bytes, linking.start);
  reader.u32();
  while (reader.at < linking.end) {
    const [kind, size] = [reader.byte(), reader.u32()];
    if (kind === SYMBOL_TABLE) return reader.list(() => symbol(reader));
    reader.at += size;
  }
  return [];
}

function symbol(reader) {
  const [kind, flags] = [reader.byte(), reader.u32()];
  if (kind === SYMBOL_DATA) {
    const name = reader.text();
    return flags & UNDEFINED ? { kind, name } : { kind, name, segment: reader.u32(), offset: reader.u32(), size: reader.u32() };
  }
  const index = reader.u32();
  if (kind === SYMBOL_SECTION) return { kind };
  if (!(flags & UNDEFINED) || flags & NAMED) reader.text();
  return { kind, index };
}

function* relocations(module, of) {
  const index = module.sections.findIndex((section) => section.id === of);
  const { start } = module.sections[index];
  for (const section of module.sections.filter(({ name }) => name.startsWith('reloc.'))) {
    const reader = new Reader(module.bytes, section.start);
    if (reader.u32() !== index) continue;
    for (let left = reader.u32(); left > 0; left -= 1) {
      const [kind, offset, to] = [reader.byte(), reader.u32(), reader.u32()];
      if (WITH_ADDEND.has(kind)) reader.number();
      yield { kind, at: start + offset, to };
    }
  }
}

/** Among ranges in order, the one that holds a place. */
function holder(ranges, at) {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ranges[middle].end <= at) low = middle + 1;
    else high = middle;
  }
  return ranges[low]?.start <= at ? ranges[low] : undefined;
}

/** The pieces of data, by address; symbols that overlap are one piece. */
function pieces(module, all) {
  const placed = all.filter((one) => one.kind === SYMBOL_DATA && one.size > 0 && module.data[one.segment]);
  for (const one of placed) one.start = module.data[one.segment].at + one.offset;
  placed.sort((a, b) => a.start - b.start);
  const found = [];
  for (const one of placed) {
    const last = found.at(-1);
    const end = one.start + one.size;
    if (last && one.start < last.end) last.end = Math.max(last.end, end);
    else found.push({ start: one.start, end, functions: new Set(), data: new Set() });
    one.piece = found.at(-1);
  }
  return found;
}

/**
 * Who refers to what in a program: `functions`, by name `{ functions, data }` (names and pieces), and `data`, the pieces
 * of data `{ start, end, functions, data }` by address. Calls are not among it.
 */
export function references(bytes) {
  const module = parse(bytes);
  const all = symbols(module);
  const data = pieces(module, all);
  const bodies = module.bodies.map((body, i) => ({ ...body, functions: new Set(), data: new Set(), name: module.names.get(module.imported + i) }));
  const note = (from, { kind, to }) => {
    const target = all[to];
    if (TO_SLOT.has(kind)) from.functions.add(module.names.get(target.index));
    else if (TO_DATA.has(kind) && target.piece) from.data.add(target.piece);
  };
  for (const relocation of relocations(module, 10)) {
    const body = holder(bodies, relocation.at);
    if (body && !TO_FUNCTION.has(relocation.kind)) note(body, relocation);
  }
  const segments = module.data.map(({ at, start, end }) => ({ start, end, at }));
  for (const relocation of relocations(module, 11)) {
    const segment = holder(segments, relocation.at);
    const piece = segment && holder(data, segment.at + relocation.at - segment.start);
    if (!piece) throw new Error('split: data that no symbol names refers to something.');
    note(piece, relocation);
  }
  return { functions: new Map(bodies.map((body) => [body.name, body])), data };
}
