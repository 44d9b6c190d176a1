import { mediaType } from './body.ts';

/** Boundary of bodies that this server makes, unless the script names another. */
export const DEFAULT_BOUNDARY = 'unique-boundary-1';

/** One part of a multipart body (RFC 2046 §5.1); offsets into the body. */
export interface BodyPart {
  /** Start of the delimiter line before it. */
  readonly start: number;
  /** First character of its headers. */
  readonly headers: number;
  /** First character of its content. */
  readonly content: number;
  /** After its content, the line end before the next delimiter included: start of that delimiter. */
  readonly end: number;
  /** Media type in lower case without parameters; empty when it has none. */
  readonly type: string;
}

/** A multipart body taken apart. */
export interface Multipart {
  readonly parts: readonly BodyPart[];
  /** Start of the closing delimiter, or the body's end when it is missing. */
  readonly close: number;
}

/** boundary parameter of a multipart Content-Type value; empty when it is no multipart or has none. */
export function boundaryOf(contentType: string): string {
  if (!mediaType(contentType).startsWith('multipart/')) return '';
  const match = /;\s*boundary\s*=\s*(?:"([^"]+)"|([^\s;"]+))/i.exec(contentType);
  return match?.[1] ?? match?.[2] ?? '';
}

/** True for a text that may be a boundary (RFC 2046 §5.1.1). */
export function isBoundary(text: string): boolean {
  return /^[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]$/.test(text);
}

/** Takes a multipart body apart; delimiters stand at the start of a line (RFC 2046 §5.1.1). */
export function splitMultipart(body: string, boundary: string): Multipart {
  const delimiter = `--${boundary}`;
  const marks: { readonly start: number; readonly after: number }[] = [];
  let close = body.length;
  for (let at = body.indexOf(delimiter); at >= 0; at = body.indexOf(delimiter, at + 1)) {
    if (at > 0 && body[at - 1] !== '\n') continue;
    const line = body.indexOf('\n', at);
    const after = line < 0 ? body.length : line + 1;
    const rest = body.slice(at + delimiter.length, after).trim();
    if (rest === '--') {
      close = at;
      break;
    }
    if (rest === '') marks.push({ start: at, after });
  }
  const parts: BodyPart[] = [];
  marks.forEach(({ start, after }, index) => {
    const end = marks[index + 1]?.start ?? close;
    // An unclosed body's last delimiter begins no part when nothing stands behind it.
    if (after >= end) {
      if (index === marks.length - 1) close = start;
      return;
    }
    const { content, type } = partHeaders(body, after, end);
    parts.push({ start, headers: after, content, end, type });
  });
  return { parts, close };
}

function partHeaders(body: string, start: number, end: number): { content: number; type: string } {
  let type = '';
  let at = start;
  while (at < end) {
    const lf = body.indexOf('\n', at);
    const next = lf < 0 || lf >= end ? end : lf + 1;
    const line = body.slice(at, next).trim();
    if (line === '') return { content: next, type };
    const match = /^content-type\s*:(.*)$/i.exec(line);
    if (match?.[1] !== undefined) type = mediaType(match[1]);
    at = next;
  }
  return { content: end, type };
}

/** The lines of one part with its delimiter before it: `--boundary`, headers, empty line, content, line end. */
export function printPart(boundary: string, type: string, disposition: string, content: string): string {
  const extra = disposition === '' ? '' : `Content-Disposition: ${disposition}\r\n`;
  return `--${boundary}\r\nContent-Type: ${type}\r\n${extra}\r\n${content}\r\n`;
}

/** A multipart body with one more part at its end. */
export function withPart(body: string, boundary: string, part: string): string {
  const { close } = splitMultipart(body, boundary);
  let before = body.slice(0, close);
  if (before !== '' && !before.endsWith('\n')) before += '\r\n';
  return `${before}${part}--${boundary}--\r\n`;
}

/** A multipart body without one of its parts. */
export function withoutPart(body: string, part: BodyPart): string {
  return body.slice(0, part.start) + body.slice(part.end);
}

/** The bytes of a text of hex digits in pairs, blanks allowed between pairs; null when it is none. */
export function fromHex(text: string): string | null {
  const digits = text.replace(/\s+/g, '');
  return /^(?:[0-9A-Fa-f]{2})*$/.test(digits) ? Buffer.from(digits, 'hex').toString('latin1') : null;
}
