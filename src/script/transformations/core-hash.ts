/**
 * The 32-bit hash that Kamailio's core takes of a text, which scripts use to spread calls over destinations: big-endian words, each
 * mixed with itself shifted by 3, summed up, then folded.
 * @param text bytes as latin1 characters
 * @returns an unsigned 32-bit number
 */
export function coreHash(text: string): number {
  const { length } = text;
  let hash = 0;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    const word =
      ((text.charCodeAt(at) << 24) |
        (text.charCodeAt(at + 1) << 16) |
        (text.charCodeAt(at + 2) << 8) |
        text.charCodeAt(at + 3)) >>>
      0;
    hash = (hash + (word ^ (word >>> 3))) | 0;
  }
  let rest = 0;
  for (; at < length; at++) rest = (rest << 8) | text.charCodeAt(at);
  hash = (hash + (rest ^ (rest >>> 3))) >>> 0;
  return (hash + (hash >>> 11) + (hash >>> 13) + (hash >>> 23)) >>> 0;
}
