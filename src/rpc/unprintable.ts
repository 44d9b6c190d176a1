/** What must not reach an operator's terminal: results of commands hold much that came from the network. */

/** Control characters, C1, line separators, and the marks that turn the direction of writing: after them a line reads as another one. */
export const UNPRINTABLE = /[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** A character shown by its code: `\x1b`, `\u202e`. */
export function codeOf(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
}

/** JSON whose texts hold none of these characters but as escapes: JSON.stringify leaves DEL, C1 and the marks of direction as they are. Line ends stay. */
export function printableJson(json: string): string {
  return json.replace(UNPRINTABLE, (character) =>
    character === '\n' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
