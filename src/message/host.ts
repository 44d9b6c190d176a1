import { C_HEX, C_HOST, isClass, skipClass, uintAt } from './chars.ts';

/**
 * Offset after the host (name, IPv4 address or bracketed IPv6 reference) that starts at `at` (RFC 3261 §25.1 host).
 * @returns -1 when there is no host, or an IPv6 reference that is none (RFC 5954)
 */
export function skipHost(text: string, at: number, end: number): number {
  if (text.charCodeAt(at) !== 0x5b) {
    const stop = skipClass(text, at, end, C_HOST);
    return stop === at ? -1 : stop;
  }
  let close = at + 1;
  // The longest IPv6 address, with an embedded IPv4 one, has 45 characters.
  const limit = Math.min(end, at + 48);
  while (close < limit && text.charCodeAt(close) !== 0x5d) close++;
  if (close >= limit || !isIPv6At(text, at + 1, close)) return -1;
  return close + 1;
}

/** True for a dotted IPv4 address of four numbers 0 … 255. */
export function isIPv4(text: string): boolean {
  return isIPv4At(text, 0, text.length);
}

/** True for an IPv6 address without brackets; an embedded IPv4 tail is allowed, a zone is not (RFC 5954). */
export function isIPv6(text: string): boolean {
  return isIPv6At(text, 0, text.length);
}

function isIPv4At(text: string, start: number, end: number): boolean {
  let parts = 0;
  let at = start;
  while (at <= end) {
    let dot = at;
    while (dot < end && text.charCodeAt(dot) !== 0x2e) dot++;
    if (dot - at > 3) return false;
    const value = uintAt(text, at, dot, 255);
    if (value < 0 || value > 255) return false;
    parts++;
    at = dot + 1;
  }
  return parts === 4;
}

function isIPv6At(text: string, start: number, end: number): boolean {
  let groups = 0;
  let compressed = false;
  let at = start;
  if (at >= end) return false;
  if (text.charCodeAt(at) === 0x3a) {
    if (text.charCodeAt(at + 1) !== 0x3a) return false;
    compressed = true;
    at += 2;
  }
  while (at < end) {
    const from = at;
    while (at < end && isClass(text, at, C_HEX)) at++;
    if (at < end && text.charCodeAt(at) === 0x2e) {
      // An IPv4 tail takes the place of the last two groups.
      if (!isIPv4At(text, from, end)) return false;
      groups += 2;
      at = end;
      break;
    }
    if (at === from || at - from > 4) return false;
    groups++;
    if (at === end) break;
    if (text.charCodeAt(at) !== 0x3a) return false;
    at++;
    if (at < end && text.charCodeAt(at) === 0x3a) {
      if (compressed) return false;
      compressed = true;
      at++;
    } else if (at === end) return false;
  }
  return compressed ? groups <= 7 : groups === 8;
}
