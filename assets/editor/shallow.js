// A parser that gives deep texts up: CodeMirror walks trees by recursion, and a text nested a thousandfold, which the
// server refuses anyway, would exhaust the stack before it stood in the editor. Such a text is shown without colours.
import { Tree } from '@lezer/common';

const MAX_DEPTH = 200;

/** How deep the nodes of a buffer nest: four numbers each, of which the last says where the node's children end. */
function depth({ buffer }) {
  const ends = [];
  let most = 0;
  for (let at = 0; at < buffer.length; at += 4) {
    while (ends.length > 0 && ends.at(-1) <= at) ends.pop();
    most = Math.max(most, ends.push(buffer[at + 3]));
  }
  return most;
}

/** Whether a tree nests deeper than `left`. */
function isDeep(tree, left) {
  const deeper = (child) => (child instanceof Tree ? isDeep(child, left - 1) : depth(child) >= left);
  return left <= 0 || tree.children.some(deeper);
}

/** Makes the parser of a language support answer texts that are too deep with a flat tree; returns the support. */
export function shallow(support) {
  const { parser } = support.language;
  const createParse = parser.createParse.bind(parser);
  parser.createParse = (input, ...rest) => {
    const parse = createParse(input, ...rest);
    const advance = parse.advance.bind(parse);
    const flat = (length) => new Tree(parser.topNode, [], [], length);
    parse.advance = () => {
      try {
        const tree = advance();
        return tree && isDeep(tree, MAX_DEPTH) ? flat(tree.length) : tree;
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        return flat(input.length);
      }
    };
    return parse;
  };
  return support;
}
