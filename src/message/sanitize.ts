/**
 * Text from variables, databases and carriers must not be able to add lines to a message. What may hold such text goes through here.
 */

/** True when the text holds a CR or LF, that is, could begin a new header line. */
export function hasCrlf(text: string): boolean {
  return text.includes('\n') || text.includes('\r');
}

/** A reason phrase (or any one-line value): line ends and other controls become blanks (RFC 3261 §25.1 Reason-Phrase). */
export function sanitizeReason(text: string): string {
  return /[\x00-\x08\x0a-\x1f\x7f]/.test(text) ? trimBlanks(text.replace(/[\x00-\x08\x0a-\x1f\x7f]+/g, ' ')) : text;
}

/** A header value on one line: each folded line break and the blanks after it count as one blank (RFC 3261 §7.3.1). */
export function unfold(text: string): string {
  return text.includes('\n') ? text.replace(/\r?\n[ \t]+/g, ' ') : text;
}

/**
 * The text without blanks at its ends. Not trim(): that also takes away U+00A0, which in this stack's texts (one character a byte) is the
 * second half of a UTF-8 letter such as "à".
 */
export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(c: number): boolean {
  return c === 0x20 || (c >= 0x09 && c <= 0x0d);
}

/** A URI for a start line: everything that would end it (blanks and controls) is taken away. */
export function sanitizeUri(text: string): string {
  return /[\x00-\x20\x7f]/.test(text) ? text.replace(/[\x00-\x20\x7f]+/g, '') : text;
}

/**
 * Extra header lines for a message: each ends with CRLF, none is empty (an empty one would end the headers), none is folded into
 * the header before.
 */
export function sanitizeHeaderLines(text: string): string {
  if (text === '' || /^([^\r\n \t][^\r\n]*\r\n([ \t]+[^\r\n \t][^\r\n]*\r\n)*)+$/.test(text)) return text;
  let clean = '';
  for (const line of text.split(/[\r\n]+/)) {
    const own = trimBlanks(line);
    if (own !== '') clean += `${own}\r\n`;
  }
  return clean;
}
