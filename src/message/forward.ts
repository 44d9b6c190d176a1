import { applyMerged, type Edit, type EditList, mergeEdits, type Outbound } from './edits.ts';
import { HDR_CONTENT_LENGTH, HDR_MAX_FORWARDS, HDR_VIA } from './header-name.ts';
import type { SipMessage } from './message.ts';
import { hasCrlf, sanitizeReason, sanitizeUri } from './sanitize.ts';

/** Key of an edit that replaces the body; any edit that lies in the body has the same effect on Content-Length. */
export const BODY_EDIT = 'body';
/** Key of the edit that sets Max-Forwards; a script's own edit with it wins. */
export const MAX_FORWARDS_EDIT = 'max-forwards';

/** How a request goes out on one branch. */
export interface ForwardedRequest {
  readonly requestUri: string;
  /** Our Via header's whole value: `SIP/2.0/UDP host:port;branch=…`. */
  readonly via: string;
  readonly edits: EditList | null;
  readonly branchEdits: EditList | null;
  readonly out: Outbound;
  /** Value to send (RFC 3261 §16.6 step 3); left alone when absent. The header is added when the request has none. */
  readonly maxForwards?: number | undefined;
}

/** How a response goes out. */
export interface ForwardedResponse {
  readonly edits: EditList | null;
  readonly branchEdits: EditList | null;
  readonly out: Outbound;
  /** Another status code and reason phrase than those received. */
  readonly status?: number | undefined;
  readonly reason?: string | undefined;
}

/**
 * The bytes of a forwarded request (RFC 3261 §16.6): start line with the new Request-URI, what was put in front of all
 * headers, our Via, the received headers with edits applied, the body. Unedited header bytes are those received. Content-Length is written anew when the body was
 * edited, and added when it is missing and the request leaves by a stream (§20.14).
 * @returns latin1 text
 */
export function buildForwardedRequest(message: SipMessage, options: ForwardedRequest): string {
  const { raw, headersStart, headersEnd } = message;
  const { out, edits, branchEdits, maxForwards } = options;
  const via = hasCrlf(options.via) ? sanitizeReason(options.via) : options.via;
  let own: Edit[] | null = null;
  let added = '';
  if (maxForwards !== undefined) {
    const header = message.find(HDR_MAX_FORWARDS);
    if (header !== undefined) {
      own = [{ start: header.valueStart, end: header.valueEnd, text: `${maxForwards}`, key: MAX_FORWARDS_EDIT }];
    } else if (edits?.get(MAX_FORWARDS_EDIT) === undefined && branchEdits?.get(MAX_FORWARDS_EDIT) === undefined) {
      added = `Max-Forwards: ${maxForwards}\r\n`;
    }
  }
  const body = bodyOf(message, edits, branchEdits, out);
  own = lengthEdits(message, body, out, own);
  const merged = mergeEdits(edits, branchEdits, own);
  let text = `${message.method} ${sanitizeUri(options.requestUri)} SIP/2.0\r\n`;
  // What is put in front of all headers (Record-Route, insert_hf) stands above our Via, as Kamailio has it.
  let first = 0;
  for (; first < merged.length; first++) {
    const edit = merged[first] as Edit;
    if (edit.end > headersStart) break;
    if (edit.start === headersStart) text += typeof edit.text === 'string' ? edit.text : edit.text(out);
  }
  text += `Via: ${via}\r\n${added}`;
  text += applyMerged(raw, first === 0 ? merged : merged.slice(first), out, headersStart, headersEnd);
  return `${text}\r\n${body ?? raw.slice(message.bodyStart, message.bodyEnd)}`;
}

/**
 * The bytes of a forwarded response (RFC 3261 §16.7): our value is taken off the top Via, edits are applied, the rest is as received.
 * @returns latin1 text
 */
export function buildForwardedResponse(message: SipMessage, options: ForwardedResponse): string {
  const { raw, headersStart, headersEnd } = message;
  const { out, edits, branchEdits, status } = options;
  const body = bodyOf(message, edits, branchEdits, out);
  const own = lengthEdits(message, body, out, topViaEdit(message));
  const merged = mergeEdits(edits, branchEdits, own);
  let text: string;
  if (status === undefined) {
    let start = 0;
    while (raw.charCodeAt(start) === 0x0d || raw.charCodeAt(start) === 0x0a) start++;
    text = applyMerged(raw, merged, out, start, headersEnd);
  } else {
    text = `SIP/2.0 ${status} ${sanitizeReason(options.reason ?? message.reason)}\r\n`;
    text += applyMerged(raw, merged, out, headersStart, headersEnd);
  }
  return `${text}\r\n${body ?? raw.slice(message.bodyStart, message.bodyEnd)}`;
}

/** The edit that takes away the first Via value, with its line when it stands alone there. */
function topViaEdit(message: SipMessage): Edit[] | null {
  const header = message.find(HDR_VIA);
  const via = message.topVia;
  if (header === undefined) return null;
  if (via === null || via.end >= header.valueEnd) {
    return [{ start: header.start, end: header.end, text: '', key: 'top-via' }];
  }
  return [{ start: header.valueStart, end: via.end + 1, text: '', key: 'top-via' }];
}

/** The body with edits applied; null when none touches it. */
function bodyOf(
  message: SipMessage,
  edits: EditList | null,
  branchEdits: EditList | null,
  out: Outbound,
): string | null {
  const { bodyStart, bodyEnd } = message;
  if (!touches(edits, bodyStart) && !touches(branchEdits, bodyStart)) return null;
  return applyMerged(message.raw, mergeEdits(edits, branchEdits, null), out, bodyStart, bodyEnd);
}

function touches(edits: EditList | null, bodyStart: number): boolean {
  if (edits === null) return false;
  const { list } = edits;
  for (let i = 0; i < list.length; i++) if ((list[i] as Edit).start >= bodyStart) return true;
  return false;
}

/** Adds to `own` what makes Content-Length true. */
function lengthEdits(message: SipMessage, body: string | null, out: Outbound, own: Edit[] | null): Edit[] | null {
  const first = message.find(HDR_CONTENT_LENGTH);
  if (first !== undefined && body === null) return own;
  if (first === undefined && body === null && out.proto === 'udp') return own;
  const length = `${body === null ? message.bodyEnd - message.bodyStart : body.length}`;
  const list = own ?? [];
  if (first === undefined) {
    const end = message.headersEnd;
    list.push({ start: end, end, text: `Content-Length: ${length}\r\n`, key: 'content-length' });
    return list;
  }
  for (const header of message.findAll(HDR_CONTENT_LENGTH)) {
    list.push({ start: header.valueStart, end: header.valueEnd, text: length, key: '' });
  }
  return list;
}
