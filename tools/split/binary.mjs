// WebAssembly's binary format, as far as the splitter needs it (https://webassembly.github.io/spec/core/binary): numbers,
// sections, and where in a function's code other functions are named.

/** Reads numbers and names from bytes. */
export class Reader {
  constructor(bytes, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  byte() {
    return this.bytes[this.at++];
  }

  /** An unsigned number (LEB128). */
  u32() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  /** A signed number of up to 32 bits. */
  s32() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return shift < 25 && byte & 0x40 ? value | (-1 << (shift + 7)) : value;
    }
  }

  /** Passes a number of any size. */
  number() {
    while (this.byte() >= 0x80);
  }

  text() {
    const size = this.u32();
    this.at += size;
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + this.at - size, size).toString();
  }

  /** So many things, each read by `read`. */
  list(read) {
    return Array.from({ length: this.u32() }, (_, i) => read(i));
  }
}

/** An unsigned number as bytes. */
export function u32(value) {
  const bytes = [];
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) | 0x80);
  return [...bytes, value];
}

/** A signed number as bytes. */
export function s32(value) {
  const bytes = [];
  for (; value < -0x40 || value >= 0x40; value >>= 7) bytes.push((value & 0x7f) | 0x80);
  return [...bytes, value & 0x7f];
}

export const text = (value) => sized(Buffer.from(value));
export const sized = (bytes) => Buffer.concat([Buffer.from(u32(bytes.length)), bytes]);
/** A list, from entries that are bytes. */
export const list = (entries) => Buffer.concat([Buffer.from(u32(entries.length)), ...entries.map((entry) => Buffer.from(entry))]);
export const section = (id, content) => Buffer.concat([Buffer.from([id]), sized(content)]);

/** The sections of a module: `{ id, name, start, end }`; of a section without a name the content begins at `start`. */
export function sections(bytes) {
  const reader = new Reader(bytes, 8);
  const found = [];
  while (reader.at < bytes.length) {
    const id = reader.byte();
    const size = reader.u32();
    const end = reader.at + size;
    const name = id === 0 ? reader.text() : '';
    found.push({ id, name, start: reader.at, end });
    reader.at = end;
  }
  return found;
}

const passes = { none: () => {}, one: (r) => r.number(), two: (r) => (r.number(), r.number()) };
const IMMEDIATES = new Array(256).fill(undefined);
const set = (from, to, pass) => IMMEDIATES.fill(pass, from, to + 1);
set(0x00, 0x01, passes.none);
set(0x02, 0x04, passes.one);
set(0x05, 0x05, passes.none);
set(0x0b, 0x0b, passes.none);
set(0x0c, 0x0d, passes.one);
set(0x0e, 0x0e, (r) => (r.list(() => r.number()), r.number()));
set(0x0f, 0x0f, passes.none);
set(0x11, 0x11, passes.two);
set(0x1a, 0x1b, passes.none);
set(0x1c, 0x1c, (r) => r.list(() => r.number()));
set(0x20, 0x26, passes.one);
set(0x28, 0x3e, passes.two);
set(0x3f, 0x42, passes.one);
set(0x43, 0x43, (r) => (r.at += 4));
set(0x44, 0x44, (r) => (r.at += 8));
set(0x45, 0xc4, passes.none);
set(0xd0, 0xd0, passes.one);
set(0xd1, 0xd1, passes.none);
// Memory and tables: copy, fill, grow, size; the passive segments, which name others, are in no program of Rust.
const FURTHER = new Map([...[0, 1, 2, 3, 4, 5, 6, 7].map((code) => [code, 0]), [10, 2], [11, 1], [14, 2], [15, 1], [16, 1], [17, 1]]);
const [CALL, FURTHER_PREFIX] = [0x10, 0xfc];

/**
 * Goes through a function's code and tells where another function is called: `found(index, from, to)`, the index being
 * written in the bytes between.
 */
export function calls(bytes, start, end, found) {
  const reader = new Reader(bytes, start);
  reader.list(() => (reader.number(), reader.number())); // its variables
  while (reader.at < end) {
    const code = reader.byte();
    if (code === CALL) {
      const from = reader.at;
      found(reader.u32(), from, reader.at);
    } else if (code === FURTHER_PREFIX) {
      const further = reader.u32();
      if (!FURTHER.has(further)) throw new Error(`split: the instruction 0xfc ${further} is not known here.`);
      for (let left = FURTHER.get(further); left > 0; left -= 1) reader.number();
    } else {
      if (!IMMEDIATES[code]) throw new Error(`split: the instruction 0x${code.toString(16)} is not known here.`);
      IMMEDIATES[code](reader);
    }
  }
}
