import { setFlagsFromString } from 'node:v8';

/**
 * Keeps expressions of a script from being turned against the server. They are matched with text from the network, and what POSIX engines do in
 * no time, `^sip:([0-9]+)+@` for one, costs a backtracking engine like V8's usual one twice as much with each further digit.
 *
 * V8 has a second engine whose time is linear. With this flag it takes over a match that has backtracked very often, where it can: for
 * expressions without look-around, back reference and ignored case. To be called before the configuration is compiled.
 */
export function guardRegexes(): void {
  setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks');
}
