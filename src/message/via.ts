/** One Via value (RFC 3261 §20.42). Offsets are into the text it was parsed from. */
export interface Via {
  /** Where the value starts and ends (before the comma or the end of the header). */
  readonly start: number;
  readonly end: number;
  /** Upper-case transport: UDP, TCP, TLS, WS, WSS, SCTP… */
  readonly transport: string;
  /** sent-by host as written; an IPv6 reference keeps its brackets. */
  readonly host: string;
  /** sent-by port, 0 when absent. */
  readonly port: number;
  /** branch parameter, empty when absent. */
  readonly branch: string;
  /** received parameter, empty when absent. */
  readonly received: string;
  /** rport: -1 absent, 0 present without a value, else the port. */
  readonly rport: number;
  /** Parameters' text from the first `;` (included) to `end`; empty when there are none. */
  readonly params: string;
}

/** Parses the Via value that starts at `start`; null when it is no Via. Placeholder signature, see the parser. */
export function parseVia(_text: string, _start: number, _end: number): Via | null {
  return null;
}
