import assert from 'node:assert/strict';
import type { SipMessage } from '../../src/message/message.ts';
import { ParseFailure, parseMessage } from '../../src/message/parser.ts';

/** The message parsed, or the test failed. */
export function parsed(raw: string): SipMessage {
  const message = parseMessage(raw);
  assert.ok(
    !(message instanceof ParseFailure),
    message instanceof ParseFailure ? `${message.code}: ${message.reason}` : '',
  );
  return message;
}

/** The failure, or the test failed. */
export function refused(raw: string): ParseFailure {
  const failure = parseMessage(raw);
  assert.ok(failure instanceof ParseFailure, 'was accepted');
  return failure;
}

/** Joins lines with CRLF, ends the headers, adds a body. */
export function sip(lines: readonly string[], body = ''): string {
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

/** A plain request; `replace` swaps a line by the header's name, '' takes it away; `extra` lines go to the end. */
export function request(
  method = 'INVITE',
  uri = 'sip:bob@example.org',
  replace: Readonly<Record<string, string>> = {},
  extra: readonly string[] = [],
  body = '',
): string {
  const headers: Record<string, string> = {
    Via: 'Via: SIP/2.0/UDP 192.0.2.7:5062;branch=z9hG4bK7a1',
    'Max-Forwards': 'Max-Forwards: 70',
    From: 'From: "Ann" <sip:ann@example.net>;tag=f1',
    To: 'To: <sip:bob@example.org>',
    'Call-ID': 'Call-ID: c1@192.0.2.7',
    CSeq: `CSeq: 17 ${method}`,
    'Content-Length': `Content-Length: ${body.length}`,
    ...replace,
  };
  const lines = Object.values(headers).filter((line) => line !== '');
  return sip([`${method} ${uri} SIP/2.0`, ...lines, ...extra], body);
}

/** A plain response to {@link request}. */
export function response(status = 200, reason = 'OK', extra: readonly string[] = [], method = 'INVITE'): string {
  return sip([
    `SIP/2.0 ${status} ${reason}`,
    'Via: SIP/2.0/UDP 198.51.100.1;branch=z9hG4bKours',
    'Via: SIP/2.0/UDP 192.0.2.7:5062;branch=z9hG4bK7a1',
    'From: "Ann" <sip:ann@example.net>;tag=f1',
    'To: <sip:bob@example.org>;tag=t1',
    'Call-ID: c1@192.0.2.7',
    `CSeq: 17 ${method}`,
    ...extra,
    'Content-Length: 0',
  ]);
}
