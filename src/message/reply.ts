import type { EditList, EditText, Outbound } from './edits.ts';
import {
  HDR_CALL_ID,
  HDR_CSEQ,
  HDR_FROM,
  HDR_RECORD_ROUTE,
  HDR_TIMESTAMP,
  HDR_TO,
  HDR_VIA,
  type HeaderId,
} from './header-name.ts';
import type { HeaderField, SipMessage } from './message.ts';
import { M_INVITE, M_NOTIFY, M_REFER, M_SUBSCRIBE } from './method.ts';
import { sanitizeHeaderLines, sanitizeReason } from './sanitize.ts';
import { VIA_RECEIVED } from './via-edit.ts';

/** What goes into a response besides what is copied from the request. */
export interface ResponseOptions {
  /** To tag for a status above 100 when the request's To has none; none is added when absent. */
  readonly toTag?: string | undefined;
  /** Extra header lines, each ended by CRLF. */
  readonly headers?: string | undefined;
  /** The whole Server header line without CRLF, or ''. */
  readonly server?: string | undefined;
  readonly contentType?: string | undefined;
  /** Latin1 text; its length is its length in bytes. */
  readonly body?: string | undefined;
  /** The request's edits, of which only the one of addReceivedRport is applied (to the top Via). */
  readonly edits?: EditList | null | undefined;
}

/** Methods whose replies form dialogs: those carry the Record-Route back (RFC 3261 §12.1.1, RFC 6665, RFC 3515). */
const DIALOG_FORMING = M_INVITE | M_SUBSCRIBE | M_REFER | M_NOTIFY;

/** Values that depend on the socket have no place in a reply made here. */
const NOWHERE: Outbound = { proto: 'udp', host: '', port: 0 };

/**
 * The bytes of a response to a received request (RFC 3261 §8.2.6): all Via, From, To, Call-ID and CSeq copied; Timestamp for a 100;
 * Record-Route for a 101 … 299 that can form a dialog; Content-Length always. Headers that the (broken) request lacks are left out.
 * No text argument can add a line: line ends in them become blanks.
 * @param status 100 … 699
 * @returns latin1 text
 */
export function buildResponse(
  request: SipMessage,
  status: number,
  reason: string,
  options: ResponseOptions = {},
): string {
  const { raw } = request;
  let text = `SIP/2.0 ${status} ${sanitizeReason(reason)}\r\n`;
  const received = options.edits?.get(VIA_RECEIVED) ?? null;
  const { headers } = request;
  for (let i = 0; i < headers.length; i++) {
    const header = headers[i] as HeaderField;
    if (header.id !== HDR_VIA) continue;
    if (received !== null && received.start >= header.valueStart && received.start <= header.valueEnd) {
      text += `Via: ${raw.slice(header.valueStart, received.start)}${fixed(received.text)}${raw.slice(Math.min(received.end, header.valueEnd), header.valueEnd)}\r\n`;
    } else text += `Via: ${raw.slice(header.valueStart, header.valueEnd)}\r\n`;
  }
  if (status > 100 && status < 300 && (request.methodId & DIALOG_FORMING) !== 0) {
    for (let i = 0; i < headers.length; i++) {
      const header = headers[i] as HeaderField;
      if (header.id === HDR_RECORD_ROUTE) {
        text += `Record-Route: ${raw.slice(header.valueStart, header.valueEnd)}\r\n`;
      }
    }
  }
  text += copied(request, HDR_FROM, 'From') + toLine(request, status, options.toTag ?? '');
  text += copied(request, HDR_CALL_ID, 'Call-ID') + copied(request, HDR_CSEQ, 'CSeq');
  // RFC 3261 §8.2.6.1
  if (status === 100) text += copied(request, HDR_TIMESTAMP, 'Timestamp');
  if (options.headers !== undefined) text += sanitizeHeaderLines(options.headers);
  if (options.server !== undefined && options.server !== '') text += `${sanitizeReason(options.server)}\r\n`;
  const body = options.body ?? '';
  if (body !== '' && options.contentType !== undefined) {
    text += `Content-Type: ${sanitizeReason(options.contentType)}\r\n`;
  }
  return `${text}Content-Length: ${body.length}\r\n\r\n${body}`;
}

function fixed(text: EditText): string {
  return typeof text === 'string' ? text : text(NOWHERE);
}

function copied(request: SipMessage, id: HeaderId, name: string): string {
  const value = request.value(id);
  return value === undefined ? '' : `${name}: ${value}\r\n`;
}

function toLine(request: SipMessage, status: number, tag: string): string {
  const value = request.value(HDR_TO);
  if (value === undefined) return '';
  // An unreadable To (the reply is a 400) may hold a tag all the same.
  const to = request.to;
  const tagged = to === null ? /;\s*tag\s*=/i.test(value) : to.tag !== '';
  if (status <= 100 || tag === '' || tagged) return `To: ${value}\r\n`;
  return `To: ${value};tag=${/[^\w.!%*+`'~-]/.test(tag) ? tag.replace(/[^\w.!%*+`'~-]/g, '') : tag}\r\n`;
}
