/**
 * A copy of a text that does not keep the text it was cut from in memory. A slice of 13 characters or more refers to its whole
 * message; what outlives the message (a transaction key, a binding, a dialog) is kept as such a copy.
 * @param text latin1 text
 */
export function detach(text: string): string {
  return text.length < 13 ? text : Buffer.from(text, 'latin1').toString('latin1');
}
