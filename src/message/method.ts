/** Methods as bits, so that a set of them is one integer (RFC 3261 §7.1 and the extensions that a proxy sees). */

import { isAt } from './chars.ts';

export const M_OTHER = 0;
export const M_INVITE = 1;
export const M_CANCEL = 2;
export const M_ACK = 4;
export const M_BYE = 8;
export const M_INFO = 16;
export const M_REGISTER = 32;
export const M_SUBSCRIBE = 64;
export const M_NOTIFY = 128;
export const M_MESSAGE = 256;
export const M_OPTIONS = 512;
export const M_PRACK = 1024;
export const M_UPDATE = 2048;
export const M_REFER = 4096;
export const M_PUBLISH = 8192;

const METHODS: Readonly<Record<string, number>> = {
  INVITE: M_INVITE,
  CANCEL: M_CANCEL,
  ACK: M_ACK,
  BYE: M_BYE,
  INFO: M_INFO,
  REGISTER: M_REGISTER,
  SUBSCRIBE: M_SUBSCRIBE,
  NOTIFY: M_NOTIFY,
  MESSAGE: M_MESSAGE,
  OPTIONS: M_OPTIONS,
  PRACK: M_PRACK,
  UPDATE: M_UPDATE,
  REFER: M_REFER,
  PUBLISH: M_PUBLISH,
};

const BY_NAME = new Map(Object.entries(METHODS));

/**
 * The bit of a method name; method names are case-sensitive (RFC 3261 §7.1).
 * @returns the bit, `M_OTHER` (0) for an extension method
 */
export function methodId(name: string): number {
  return BY_NAME.get(name) ?? M_OTHER;
}

const BY_LENGTH: string[][] = [];
for (const name of Object.keys(METHODS)) {
  const list = BY_LENGTH[name.length];
  if (list) list.push(name);
  else BY_LENGTH[name.length] = [name];
}

/**
 * The method name that stands in [start, end) of `text`: for a known method always the same string constant, so that it pins no
 * message and compares by identity; else a slice.
 */
export function methodAt(text: string, start: number, end: number): string {
  const list = BY_LENGTH[end - start];
  if (list !== undefined) for (const name of list) if (isAt(text, start, name)) return name;
  return text.slice(start, end);
}
