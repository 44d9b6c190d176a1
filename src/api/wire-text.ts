/** Text between messages, which hold bytes, and handlers, which hold Unicode. */
import { decodeSource, encodeSource } from '../script/source-bytes.ts';

const ASCII = /^[\x00-\x7f]*$/;

/** Text of a message for a handler: UTF-8 decoded; bytes that are none survive the way back. */
export function fromWire(text: string): string {
  return ASCII.test(text) ? text : decodeSource(Buffer.from(text, 'latin1'));
}

/** Text of a handler for a message: its UTF-8 bytes, one character for each. */
export function toWire(text: string): string {
  return ASCII.test(text) ? text : encodeSource(text);
}
