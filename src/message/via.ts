import { C_TOKEN, isAt, skipClass, skipLws, uintAt } from './chars.ts';
import { skipHost } from './host.ts';
import { ParamCursor } from './params.ts';

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
  /** True when it breaks the grammar by empty parameters (`;;`) only: good enough to answer to, not to process. */
  readonly loose?: boolean;
}

const SLASH = 0x2f;

/**
 * Parses the Via value that starts at `start`; blanks and folding are allowed wherever the grammar allows them.
 * @returns null when it is no Via
 */
export function parseVia(text: string, start: number, end: number): Via | null {
  const first = skipLws(text, start, end);
  let at: number;
  let transport: string;
  if (isAt(text, first, 'SIP/2.0/UDP ')) {
    transport = 'UDP';
    at = first + 11;
  } else {
    // sent-protocol = protocol-name SLASH protocol-version SLASH transport; another version is answered 505, so it must be readable.
    at = afterTokenSlash(text, first, end);
    if (at < 0) return null;
    at = afterTokenSlash(text, at, end);
    if (at < 0) return null;
    const stop = skipClass(text, at, end, C_TOKEN);
    if (stop === at) return null;
    transport = transportName(text, at, stop);
    at = stop;
  }
  const hostStart = skipLws(text, at, end);
  if (hostStart === at) return null;
  const hostEnd = skipHost(text, hostStart, end);
  if (hostEnd < 0) return null;
  at = skipLws(text, hostEnd, end);
  let port = 0;
  if (at < end && text.charCodeAt(at) === 0x3a) {
    const digits = skipLws(text, at + 1, end);
    at = digits;
    while (at < end && text.charCodeAt(at) >= 0x30 && text.charCodeAt(at) <= 0x39) at++;
    port = uintAt(text, digits, at, 65535);
    if (port < 1 || port > 65535) return null;
    at = skipLws(text, at, end);
  }
  let branch = '';
  let received = '';
  let rport = -1;
  let params = '';
  let loose = false;
  if (at < end && text.charCodeAt(at) !== 0x2c) {
    const cursor = new ParamCursor(text, at, end);
    while (cursor.next()) {
      switch (text.charCodeAt(cursor.nameStart) | 0x20) {
        case 0x62:
          if (branch === '' && cursor.is('branch')) branch = cursor.value;
          break;
        case 0x72:
          if (cursor.is('received')) received = cursor.value;
          else if (cursor.is('rport')) {
            rport = cursor.valueStart < 0 ? 0 : uintAt(text, cursor.valueStart, cursor.valueEnd, 65535);
            // `rport=` with nothing after it is sent by some phones for the bare flag.
            if (rport < 0 && cursor.valueStart === cursor.valueEnd) rport = 0;
            if (rport < 0 || rport > 65535) return null;
          }
      }
    }
    if (cursor.bad) return null;
    loose = cursor.empty;
    params = text.slice(at, cursor.at);
    at = cursor.at;
  }
  return {
    start: first,
    end: at,
    transport,
    host: text.slice(hostStart, hostEnd),
    port,
    branch,
    received,
    rport,
    params,
    loose,
  };
}

/** Offset of what follows `token *LWS "/" *LWS`, or -1. */
function afterTokenSlash(text: string, at: number, end: number): number {
  const stop = skipClass(text, at, end, C_TOKEN);
  const slash = skipLws(text, stop, end);
  return stop > at && slash < end && text.charCodeAt(slash) === SLASH ? skipLws(text, slash + 1, end) : -1;
}

function transportName(text: string, start: number, end: number): string {
  // Constants instead of slices: compared by identity, and they pin no message.
  if (end - start === 3) {
    if (isAt(text, start, 'UDP')) return 'UDP';
    if (isAt(text, start, 'TCP')) return 'TCP';
    if (isAt(text, start, 'TLS')) return 'TLS';
    if (isAt(text, start, 'WSS')) return 'WSS';
  }
  return text.slice(start, end).toUpperCase();
}
