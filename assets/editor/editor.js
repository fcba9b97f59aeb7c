// The manifest editor: CodeMirror 6 behind the few calls that the app needs. Loaded only when the editor is first shown.
//
// window.__bottleEditor.create(parent, { doc, dark, labels, onChange(text), onApply() }) returns the handle below.
// `labels`: { editor, …CodeMirror's English phrases as keys }; `editor` names the field for screen readers.
// Lines and columns are 1-based, as in the server's messages; columns count characters.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import { bracketMatching, codeFolding, foldGutter, foldKeymap, HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { lintGutter, lintKeymap, setDiagnostics } from '@codemirror/lint';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import { Compartment, EditorState, StateEffect, StateField } from '@codemirror/state';
import { Decoration, drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { shallow } from './shallow.js';

const PULSE_MS = 1200;
const language = shallow(yaml());

// Colours come from the page's variables (assets/styles/tokens.css), so that a theme change needs no new theme here.
const look = EditorView.theme({
  '&': { height: '100%', color: 'var(--ink)', backgroundColor: 'var(--surface)', fontSize: '13px' },
  '.cm-scroller': { fontFamily: 'var(--font-code)', lineHeight: '1.55', overflow: 'auto', fontVariantLigatures: 'none' },
  '.cm-content': { caretColor: 'var(--ink)', padding: '8px 0' },
  '&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '-2px' },
  '.cm-cursor, .cm-dropCursor': { borderLeftColor: 'var(--ink)', borderLeftWidth: '2px' },
  '.cm-gutters': { backgroundColor: 'var(--surface-2)', color: 'var(--ink-2)', border: 'none', borderRight: '1px solid var(--line)' },
  '.cm-activeLine': { backgroundColor: 'color-mix(in srgb, var(--accent) 7%, transparent)' },
  '.cm-activeLineGutter': { backgroundColor: 'color-mix(in srgb, var(--accent) 16%, transparent)', color: 'var(--ink)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'color-mix(in srgb, var(--accent) 28%, transparent)',
  },
  '.cm-matchingBracket, &.cm-focused .cm-matchingBracket': { backgroundColor: 'transparent', outline: '1px solid var(--control)' },
  '.cm-searchMatch': { backgroundColor: 'color-mix(in srgb, var(--warn) 30%, transparent)' },
  '.cm-searchMatch-selected': { outline: '1px solid var(--warn)' },
  '.cm-selectionMatch': { backgroundColor: 'color-mix(in srgb, var(--accent) 14%, transparent)' },
  '.cm-foldGutter svg': { display: 'inline-block', verticalAlign: 'middle' },
  '.cm-foldPlaceholder': { backgroundColor: 'var(--surface-2)', borderColor: 'var(--control)', color: 'var(--ink-2)' },
  '.cm-panels, .cm-tooltip': { backgroundColor: 'var(--surface)', color: 'var(--ink)', border: '1px solid var(--control)', fontFamily: 'var(--font)' },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': { backgroundColor: 'var(--accent)', color: 'var(--accent-ink)' },
  '.cm-textfield': { backgroundColor: 'var(--surface)', color: 'var(--ink)', border: '1px solid var(--control)', fontSize: 'inherit' },
  '.cm-button': { backgroundColor: 'var(--surface-2)', backgroundImage: 'none', color: 'var(--ink)', border: '1px solid var(--control)' },
  '.cm-diagnostic': { padding: '6px 10px', maxWidth: '60ch', whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' },
  '.cm-diagnostic-error': { borderLeft: '4px solid var(--error)' },
  '.cm-diagnostic-warning': { borderLeft: '4px solid var(--warn)' },
  // Underlines as text decoration: the default ones are pictures in fixed colours.
  '.cm-lintRange-error, .cm-lintRange-warning': { backgroundImage: 'none', textDecorationLine: 'underline', textDecorationStyle: 'wavy', textUnderlineOffset: '3px' },
  '.cm-lintRange-error': { textDecorationColor: 'var(--error)' },
  '.cm-lintRange-warning': { textDecorationColor: 'var(--warn)' },
  '.cm-line.bottle-error': { backgroundColor: 'color-mix(in srgb, var(--error) 10%, transparent)', boxShadow: 'inset 3px 0 var(--error)' },
  '.cm-line.bottle-pulse': { backgroundColor: 'color-mix(in srgb, var(--accent) 16%, transparent)', boxShadow: 'inset 3px 0 var(--accent)' },
});

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--accent)', fontWeight: '600' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--ok)' },
  { tag: [tags.number, tags.bool, tags.null, tags.keyword, tags.atom], color: 'var(--warn)' },
  { tag: [tags.comment, tags.meta], color: 'var(--ink-2)' },
  { tag: [tags.punctuation, tags.separator, tags.squareBracket, tags.brace], color: 'var(--ink-2)' },
  { tag: [tags.labelName, tags.typeName], color: 'var(--warn)' },
]);

// Marked lines: where an error stands, and the line that was just pointed at.
const mark = StateEffect.define();
const marks = StateField.define({
  create: () => Decoration.none,
  update(lines, transaction) {
    let next = lines.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (!effect.is(mark)) continue;
      const { name, positions } = effect.value;
      const add = positions.map((at) => Decoration.line({ class: name }).range(at));
      next = next.update({ filter: (_from, _to, value) => value.spec.class !== name, add, sort: true });
    }
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
});

const clamp = (value, low, high) => Math.min(Math.max(Number.isFinite(value) ? value : low, low), high);

function lineAt(doc, number) {
  return doc.line(clamp(number, 1, doc.lines));
}

/** The offset of a 1-based line and column. */
function offset(doc, number, column) {
  const line = lineAt(doc, number);
  return clamp(line.from + (column ?? 1) - 1, line.from, line.to);
}

/** Where a diagnostic shows: what it names, or from its column to the end of the line, and never nothing. */
function place(doc, { line, column, endLine, endColumn }) {
  const whole = lineAt(doc, line);
  let from = offset(doc, line, column);
  let to = endLine || endColumn ? offset(doc, endLine ?? line, endColumn ?? column) : whole.to;
  if (to <= from) [from, to] = [Math.min(from, whole.to), whole.to];
  if (to === from) from = whole.from + (whole.text.length - whole.text.trimStart().length);
  return { from: Math.min(from, to), to };
}

function create(parent, { doc = '', dark = false, labels = {}, onChange, onApply } = {}) {
  const phrases = new Compartment();
  const theme = new Compartment();
  const named = (texts) => [EditorState.phrases.of(texts), EditorView.contentAttributes.of({ 'aria-label': texts.editor ?? 'YAML', tabindex: '0' })];
  const apply = () => (onApply?.(), true);
  let pulse = 0;

  const view = new EditorView({
    parent,
    doc,
    extensions: [
      keymap.of([{ key: 'Mod-Enter', run: apply, preventDefault: true }]),
      lineNumbers(),
      highlightActiveLineGutter(),
      highlightSpecialChars(),
      history(),
      codeFolding(),
      foldGutter({ markerDOM: foldMarker }),
      drawSelection(),
      EditorState.allowMultipleSelections.of(true),
      EditorState.tabSize.of(2),
      indentUnit.of('  '),
      indentOnInput(),
      syntaxHighlighting(colours),
      bracketMatching(),
      closeBrackets(),
      autocompletion(),
      highlightActiveLine(),
      highlightSelectionMatches(),
      search({ top: true }),
      lintGutter(),
      language,
      marks,
      look,
      theme.of(EditorView.darkTheme.of(dark)),
      phrases.of(named(labels)),
      // Escape followed by Tab leaves the editor: CodeMirror's own rule for indentWithTab.
      keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap, ...completionKeymap, ...lintKeymap, indentWithTab]),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) onChange?.(update.state.doc.toString());
      }),
    ],
  });

  const markLines = (name, numbers) => {
    const positions = [...new Set(numbers.map((n) => lineAt(view.state.doc, n).from))].sort((a, b) => a - b);
    view.dispatch({ effects: mark.of({ name, positions }) });
  };

  return {
    /** The whole text. */
    getText: () => view.state.doc.toString(),
    /** Replaces the whole text; undo brings the old one back. */
    setText(text) {
      if (text === view.state.doc.toString()) return;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text }, selection: { anchor: 0 }, scrollIntoView: true });
    },
    /** Shows [{line, column, endLine?, endColumn?, message, severity}]; an empty list clears. */
    setDiagnostics(list) {
      const found = [...list];
      const shown = found.map((d) => ({ ...place(view.state.doc, d), severity: d.severity ?? 'error', message: d.message }));
      view.dispatch(setDiagnostics(view.state, shown.sort((a, b) => a.from - b.from)));
      markLines('bottle-error', found.filter((d) => (d.severity ?? 'error') === 'error').map((d) => d.line));
    },
    /** Scrolls to a line and puts the cursor there. */
    reveal(line) {
      const at = lineAt(view.state.doc, line).from;
      view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: 'center' }) });
    },
    /** Points at a line for a moment. */
    highlightLine(line) {
      const at = lineAt(view.state.doc, line).from;
      view.dispatch({ effects: EditorView.scrollIntoView(at, { y: 'nearest' }) });
      markLines('bottle-pulse', [line]);
      clearTimeout(pulse);
      pulse = setTimeout(() => markLines('bottle-pulse', []), PULSE_MS);
    },
    /** Tells the editor which theme the page has; colours follow the page's variables by themselves. */
    setTheme: (isDark) => view.dispatch({ effects: theme.reconfigure(EditorView.darkTheme.of(isDark)) }),
    /** Changes the language of all that the editor says. */
    setPhrases: (texts) => view.dispatch({ effects: phrases.reconfigure(named(texts)) }),
    focus: () => view.focus(),
    destroy() {
      clearTimeout(pulse);
      view.destroy();
    },
  };
}

/** A drawn marker, because the default ones are glyphs that not every font has. */
function foldMarker(open) {
  const marker = document.createElement('span');
  marker.innerHTML = `<svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true"><path d="${open ? 'M1 3l4 4 4-4' : 'M3 1l4 4-4 4'}" fill="none" stroke="currentColor" stroke-width="1.5"/></svg>`;
  return marker;
}

window.__bottleEditor = { create };
