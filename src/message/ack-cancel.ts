import { HDR_CALL_ID, HDR_CSEQ, HDR_FROM, HDR_ROUTE, HDR_TO, HDR_VIA } from './header-name.ts';
import type { SipMessage } from './message.ts';
import { outlineRequest } from './parser.ts';
import { sanitizeHeaderLines } from './sanitize.ts';

/**
 * The ACK for a final response other than 2xx (RFC 3261 §17.1.1.3): Request-URI, top Via, From, Call-ID, CSeq number and Route
 * of the INVITE that was sent, To of the response.
 * @param inviteSent the INVITE as it went out, or its text
 * @returns latin1 text; '' when the INVITE's text is unreadable
 */
export function buildAck(inviteSent: SipMessage | string, response: SipMessage): string {
  return derived(inviteSent, 'ACK', response, '');
}

/**
 * The CANCEL of an INVITE (RFC 3261 §9.1): Request-URI, top Via, From, To, Call-ID, CSeq number and Route of the INVITE that was sent.
 * @param inviteSent the INVITE as it went out, or its text
 * @param headers extra header lines, such as `Reason: …` (RFC 3326), each ended by CRLF
 * @returns latin1 text; '' when the INVITE's text is unreadable
 */
export function buildCancel(inviteSent: SipMessage | string, headers = ''): string {
  return derived(inviteSent, 'CANCEL', null, headers);
}

function derived(sent: SipMessage | string, method: string, response: SipMessage | null, headers: string): string {
  const invite = typeof sent === 'string' ? outlineRequest(sent) : sent;
  if (invite === null) return '';
  const { raw } = invite;
  let text = `${method} ${invite.requestUri} SIP/2.0\r\n`;
  const via = invite.topVia;
  const viaHeader = invite.find(HDR_VIA);
  if (via !== null) text += `Via: ${raw.slice(via.start, via.end).trimEnd()}\r\n`;
  else if (viaHeader !== undefined) text += `Via: ${invite.valueOf(viaHeader)}\r\n`;
  for (const header of invite.headers) {
    if (header.id === HDR_ROUTE) text += `Route: ${raw.slice(header.valueStart, header.valueEnd)}\r\n`;
  }
  const to = response?.value(HDR_TO) ?? invite.value(HDR_TO) ?? '';
  text += `Max-Forwards: 70\r\nFrom: ${invite.value(HDR_FROM) ?? ''}\r\nTo: ${to}\r\n`;
  text += `Call-ID: ${invite.value(HDR_CALL_ID) ?? ''}\r\nCSeq: ${invite.cseq?.seq ?? invite.value(HDR_CSEQ)} ${method}\r\n`;
  return `${text}Content-Length: 0\r\n${sanitizeHeaderLines(headers)}\r\n`;
}
