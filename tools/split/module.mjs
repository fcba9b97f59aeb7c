// A module taken apart: what the splitter has to know of each section.
import { Reader, sections } from './binary.mjs';

const [FUNCTION, TABLE, MEMORY, GLOBAL] = [0, 1, 2, 3];

/** Passes limits, and returns their bytes. */
function limits(reader) {
  const start = reader.at;
  const has = reader.byte();
  reader.number();
  if (has & 1) reader.number();
  return reader.bytes.subarray(start, reader.at);
}

function imports(reader) {
  return reader.list(() => {
    const [module, name, kind] = [reader.text(), reader.text(), reader.byte()];
    const start = reader.at;
    if (kind === FUNCTION) reader.number();
    else if (kind === TABLE) (reader.byte(), limits(reader));
    else if (kind === MEMORY) limits(reader);
    else if (kind === GLOBAL) reader.at += 2;
    else throw new Error(`split: an import of kind ${kind} is not known here.`);
    return { module, name, kind, type: kind === FUNCTION ? new Reader(reader.bytes, start).u32() : 0 };
  });
}

/** A constant expression: the number that it is, if it is one. */
function constant(reader) {
  let value;
  for (let code = reader.byte(); code !== 0x0b; code = reader.byte()) {
    if (code === 0x41) value = reader.s32();
    else if (code === 0x42 || code === 0x23 || code === 0xd0 || code === 0xd2) reader.number();
    else if (code === 0x43) reader.at += 4;
    else if (code === 0x44) reader.at += 8;
    else throw new Error('split: a constant expression is not known here.');
  }
  return value;
}

/** Which functions are in the first table: `{ at, functions }`. */
function elements(reader) {
  return reader.list(() => {
    const start = reader.at;
    if (reader.u32() !== 0) throw new Error(`split: a table's segment at ${start} is of a kind that is not known here.`);
    return { at: constant(reader), functions: reader.list(() => reader.u32()) };
  });
}

function names(reader, end) {
  const found = new Map();
  while (reader.at < end) {
    const [kind, size] = [reader.byte(), reader.u32()];
    const next = reader.at + size;
    if (kind === 1) reader.list(() => found.set(reader.u32(), reader.text()));
    reader.at = next;
  }
  return found;
}

/** Takes a module apart. */
export function parse(bytes) {
  const all = sections(bytes);
  const read = (id, take, otherwise = []) => {
    const one = all.find((section) => section.id === id);
    return one ? take(new Reader(bytes, one.start)) : otherwise;
  };
  const imported = read(2, imports);
  const functionImports = imported.filter((one) => one.kind === FUNCTION);
  const types = read(1, (r) => r.list(() => {
    if (r.byte() !== 0x60) throw new Error('split: a type is none of a function.');
    return { parameters: r.list(() => r.byte()), results: r.list(() => r.byte()) };
  }));
  const name = all.find((section) => section.name === 'name');
  return {
    bytes,
    sections: all,
    types,
    imports: imported,
    imported: functionImports.length,
    /** The type of each function, the imported ones first. */
    functions: [...functionImports.map((one) => one.type), ...read(3, (r) => r.list(() => r.u32()))],
    tables: read(4, (r) => r.list(() => ({ type: r.byte(), limits: limits(r) }))),
    memory: read(5, (r) => r.list(() => limits(r))),
    globals: read(6, (r) => r.list(() => {
      const [type, mutable] = [r.byte(), r.byte()];
      constant(r);
      return { type, mutable };
    })),
    exports: read(7, (r) => r.list(() => ({ name: r.text(), kind: r.byte(), index: r.u32() }))),
    start: read(8, (r) => r.u32(), undefined),
    elements: read(9, elements),
    bodies: read(10, (r) => r.list(() => {
      const size = r.u32();
      r.at += size;
      return { start: r.at - size, end: r.at };
    })),
    data: read(11, (r) => r.list(() => {
      if (r.u32() !== 0) throw new Error('split: a segment of data is of a kind that is not known here.');
      const at = constant(r);
      const size = r.u32();
      r.at += size;
      return { at, start: r.at - size, end: r.at };
    })),
    names: name ? names(new Reader(bytes, name.start), name.end) : new Map(),
  };
}
