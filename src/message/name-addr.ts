/**
 * A From, To, Contact, Route, Record-Route, Path, Refer-To, P-Asserted-Identity… value (RFC 3261 §20.10, §25.1 name-addr and addr-spec).
 * All numbers are offsets into the text it was parsed from.
 */
export interface NameAddr {
  readonly start: number;
  /** After the value (before a comma or the end of the header). */
  readonly end: number;
  /** Display name as written, quotes kept, blanks around it not; empty when there is none. */
  readonly display: string;
  readonly displayStart: number;
  readonly displayEnd: number;
  /** URI text without angle brackets. */
  readonly uri: string;
  readonly uriStart: number;
  readonly uriEnd: number;
  /** True for the `<uri>` form. */
  readonly bracketed: boolean;
  /** tag parameter (From, To), empty when absent. */
  readonly tag: string;
  /** Header parameters' text from the first `;` after the URI to `end`, empty when there are none. */
  readonly params: string;
  readonly paramsStart: number;
}

/** Parses the name-addr or addr-spec value that starts at `start`; null when it is none. */
export function parseNameAddr(_text: string, _start: number, _end: number): NameAddr | null {
  return null;
}

/** Every value of a comma-separated list between two offsets; null when one of them is unreadable. */
export function parseNameAddrList(_text: string, _start: number, _end: number): NameAddr[] | null {
  return null;
}

/**
 * A parameter's value in a `;name=value;flag` text, unquoted; '' for a flag, undefined when absent.
 * @param params text that starts with `;` or is empty
 * @param name lower-case parameter name
 */
export function paramValue(_params: string, _name: string): string | undefined {
  return undefined;
}
