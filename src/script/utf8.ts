/** Texts of messages and scripts are one character a byte; those of operators are decoded. */

/** A decoded text as bytes, one character each. */
export function toBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** Bytes, one character each, as the text that they are in UTF-8. */
export function fromBytes(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
