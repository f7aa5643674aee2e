/**
 * Names and sentences from outside (series, models, targets, error texts) made harmless for the place they are put in. A pull request can choose
 * them, and a comment is posted with the rights of the base branch: nothing of theirs may become markup, a mention, a link or a table cell.
 */

/** Longest name that is shown whole; what is longer keeps its beginning. */
const longestName = 160;

/**
 * One line of well-formed text: line breaks, control and bidirectional override characters become spaces, runs of space one space.
 * @param longest characters to keep; an ellipsis takes the place of the rest
 */
export function oneLine(text: string, longest: number = Number.POSITIVE_INFINITY): string {
  const flat = text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]+/gu, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();
  const characters = flat.length > longest ? [...flat] : null;
  return characters && characters.length > longest ? `${characters.slice(0, longest - 1).join('')}…` : flat;
}

/** What could be markup; an underscore within a word never is. */
const notPlain = /(?!(?<=[\p{L}\p{N}])_(?=[\p{L}\p{N}]))[^\p{L}\p{N} ./:+=,()-]/gu;

const entity = (character: string): string => `&#${character.codePointAt(0)};`;

/** Text for HTML, attribute values included. */
export function escapeHtml(text: string): string {
  return text.toWellFormed().replace(/[&<>"'`|]/g, entity);
}

/**
 * A sentence from outside for markdown, table cells included. Markup becomes numeric entities, which markdown never reads as syntax; `@` and `#`
 * are followed by a zero-width space, because mentions and issue references are looked for after entities are decoded.
 */
export function markdownText(text: string, longest = 400): string {
  return oneLine(text, longest).replace(
    /[&<>"'`|\\*_[\]{}~!$]|[@#]|(?<=\bGH)-|(?<=\bhttps?):|(?<=\bwww)\./gi,
    (character) => (/[-:.]/.test(character) ? character : entity(character)) + (/[@#:.-]/.test(character) ? '&#8203;' : ''),
  );
}

/** A name from outside as code within markdown: plain backticks where nothing in it can end them, else entities inside `<code>`. */
export function markdownCode(text: string, longest = longestName): string {
  const name = oneLine(text, longest);
  return /^[\p{L}\p{N}_./:+=,#(-][\p{L}\p{N}_./:+=,#() -]*$/u.test(name) ? `\`${name}\`` : htmlCode(name, longest);
}

/** A name from outside as code where markdown may or may not be read, such as in `<summary>`. */
export function htmlCode(text: string, longest = longestName): string {
  const name = oneLine(text, longest);
  return `<code>${name === '' ? '(empty)' : name.replace(notPlain, entity)}</code>`;
}

/** A block of code, such as a command to copy: fenced where nothing in it can end the fence, else entities inside `<pre>`. */
export function codeBlock(text: string, language = ''): string {
  const lines = text.split('\n').map((line) => oneLine(line, 2000));
  const body = lines.join('\n');
  if (!/[<>]|```/.test(body)) return `\`\`\`${language}\n${body}\n\`\`\``;
  return `<pre><code>${lines.map((line) => line.replace(notPlain, entity)).join('\n')}</code></pre>`;
}

/** A name or sentence from outside for a terminal: no control characters, so that no name can move the cursor or change colours. */
export function terminalText(text: string, longest = 400): string {
  return oneLine(text, longest);
}

/** How a renderer writes what comes from outside: a sentence, and a name set off as code. */
export interface Escaping {
  text(text: string): string;
  code(name: string): string;
}

export const forMarkdown: Escaping = { text: (text) => markdownText(text), code: (name) => markdownCode(name) };
export const forTerminal: Escaping = { text: (text) => terminalText(text), code: (name) => terminalText(name, 160) };
export const forHtml: Escaping = { text: (text) => escapeHtml(oneLine(text, 400)), code: (name) => htmlCode(name) };

/** For `<summary>`, which is HTML to a markdown parser: no backticks. */
export const forSummary: Escaping = { text: (text) => markdownText(text), code: (name) => htmlCode(name) };

/**
 * A text of several lines for a step's log, which the runner reads for commands: `::name::` at a line's beginning, `##[name]` anywhere. Names in it may come
 * from a stranger's result; a zero-width space keeps them what they are, text.
 */
export function withoutCommands(text: string): string {
  return text.replaceAll(/^(\s*):(?=:)/gm, '$1:\u200b').replaceAll('##[', '#\u200b#[');
}
