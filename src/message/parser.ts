import type { SipMessage } from './message.ts';

/** Limits on what is accepted, in bytes or counts; settings of the server. */
export interface ParseLimits {
  readonly maxMessage: number;
  readonly maxHeaders: number;
  readonly maxHeader: number;
  readonly maxUri: number;
}

export const DEFAULT_LIMITS: ParseLimits = { maxMessage: 65536, maxHeaders: 256, maxHeader: 8192, maxUri: 1024 };

/**
 * Why a message was refused. `status` is the reply RFC 3261 wants (400, 416, 505, 513…) or 0 for a counted drop; `message` is
 * there when enough was readable (Via, From, To, Call-ID, CSeq) to build that reply.
 */
export class ParseFailure {
  /** Stable error code, SIP_PARSE_… */
  readonly code: string;
  readonly status: number;
  /** Reason phrase to send, also the text for the log. */
  readonly reason: string;
  /** Byte offset of the problem. */
  readonly offset: number;
  readonly message: SipMessage | null;
  constructor(code: string, status: number, reason: string, offset: number, message: SipMessage | null) {
    this.code = code;
    this.status = status;
    this.reason = reason;
    this.offset = offset;
    this.message = message;
  }
}

/** Parses one message (a datagram, or what a framer cut out of a stream). Never throws. */
export function parseMessage(_raw: string, _limits: ParseLimits = DEFAULT_LIMITS): SipMessage | ParseFailure {
  return new ParseFailure('SIP_PARSE_EMPTY', 0, 'Empty message', 0, null);
}
