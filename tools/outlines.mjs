// The outlines of a font's glyphs, so that an exported picture needs no font where it is opened (src/scene/svg/outlines.rs).
import { Blob, Buffer as Run, Face, Font, Variation, shape } from 'harfbuzzjs';

// Units of an em: a thousandth is finer than any screen or printer at the size of a label.
const EM = 1000;

/** A path in whole units with y downwards, each step from where the last one ended: a third shorter than as it comes. */
function short(path, scale) {
  let out = '';
  let at = [0, 0];
  let start = at;
  for (const [, command, numbers] of path.matchAll(/([MLQCZ])([^MLQCZ]*)/g)) {
    if (command === 'Z') {
      out += 'z';
      at = start;
      continue;
    }
    const given = numbers.split(/[ ,]+/).filter(Boolean).map(Number);
    const points = Array.from({ length: given.length / 2 }, (_, i) => [Math.round(given[2 * i] * scale), Math.round(-given[2 * i + 1] * scale)]);
    const steps = points.flatMap(([x, y]) => [x - at[0], y - at[1]]);
    at = points.at(-1);
    if (command === 'M') start = at;
    if (command === 'L' && steps[1] === 0) out += `h${steps[0]}`;
    else if (command === 'L' && steps[0] === 0) out += `v${steps[1]}`;
    else out += command.toLowerCase() + steps.join(' ').replaceAll(' -', '-');
  }
  return out;
}

/**
 * The glyphs of a font (TrueType, with an axis of weights) as JSON: `{weight: {glyphs: {character: [advance, path]}, pairs: {two
 * characters: how much nearer or further they stand}}}`, in thousandths of an em. `wanted` are weights with their characters;
 * pairs are those of `paired` characters.
 */
export function outlines(font, wanted, paired) {
  const face = new Face(new Blob(font), 0);
  const set = new Font(face);
  const scale = EM / face.upem;
  const line = (text) => {
    const run = new Run();
    run.addText(text);
    run.guessSegmentProperties();
    shape(set, run);
    return { glyphs: run.getGlyphInfos().map(({ codepoint }) => codepoint), wide: run.getGlyphPositions().reduce((sum, { xAdvance }) => sum + xAdvance, 0) };
  };
  const all = {};
  for (const [weight, characters] of Object.entries(wanted)) {
    set.setVariations([new Variation('wght', Number(weight))]);
    const wide = {};
    const glyphs = {};
    for (const character of characters) {
      const own = line(character);
      // What the font does not have, or writes with several glyphs, stays a text.
      if (own.glyphs.length !== 1 || own.glyphs[0] === 0) continue;
      wide[character] = own.wide;
      glyphs[character] = [Math.round(own.wide * scale), short(set.glyphToPath(own.glyphs[0]), scale)];
    }
    const pairs = {};
    for (const first of paired) {
      for (const second of paired) {
        const nearer = Math.round((line(first + second).wide - wide[first] - wide[second]) * scale);
        if (nearer !== 0) pairs[first + second] = nearer;
      }
    }
    all[weight] = { glyphs, pairs };
  }
  return JSON.stringify(all);
}
