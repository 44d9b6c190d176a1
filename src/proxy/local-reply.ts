import { EditList } from '../message/edits.ts';
import type { SipMessage } from '../message/message.ts';
import { addReceivedRport, buildResponse, sanitizeUri, VIA_RECEIVED } from '../message/serializer.ts';
import type { ProxyServices } from './proxy-services.ts';
import { markVia } from './request-forward.ts';
import type { RequestState } from './request-state.ts';

/** Text of a reply made here (RFC 3261 §8.2.6); null when the request is too broken to be answered. */
export function localReply(
  services: Pick<ProxyServices, 'options' | 'counters'>,
  state: RequestState,
  status: number,
  reason: string,
  toTag: string,
): string | null {
  const { options } = services;
  const redirect = status >= 300 && status < 400 ? redirectContacts(state) : '';
  services.counters.localReplies++;
  let { edits } = state;
  if (state.message === state.pristine) markVia(state, options);
  else {
    edits = new EditList();
    const { ip, port } = state.received;
    addReceivedRport(state.pristine, edits, ip, port, state.forceRport || options.forceRport);
  }
  const viaParams = state.viaWishes?.replyParams() ?? '';
  if (viaParams !== '') edits = withViaParams(state.pristine, edits, viaParams);
  return buildResponse(state.pristine, status, reason, {
    toTag,
    headers: redirect + state.replyHeaders + (options.sipWarning ? warning(state) : ''),
    server: options.serverHeader,
    body: state.replyBody,
    contentType: state.replyContentType,
    edits,
  });
}

/** The received/rport marks of the top Via with more parameters behind them; a copy, as the request goes on without those. */
function withViaParams(request: SipMessage, marked: EditList, params: string): EditList {
  const via = request.topVia;
  const edits = new EditList();
  if (via === null) return edits;
  const mark = marked.get(VIA_RECEIVED);
  if (mark === undefined) edits.insert(via.end, params, VIA_RECEIVED);
  else edits.replace(mark.start, mark.end, `${mark.text}${params}`, VIA_RECEIVED);
  return edits;
}

/** A 3xx names the destination set as Contacts (tm and sl do). */
function redirectContacts(state: RequestState): string {
  const contacts: string[] = [];
  if (state.target.uri !== state.pristine.requestUri) contacts.push(contact(state.target.uri, state.target.q));
  for (const target of state.branches) contacts.push(contact(target.uri, target.q));
  return contacts.length === 0 ? '' : `Contact: ${contacts.join(', ')}\r\n`;
}

function contact(uri: string, q: number): string {
  const text = sanitizeUri(uri);
  return q < 0 ? `<${text}>` : `<${text}>;q=${(q / 1000).toString()}`;
}

/** sip_warning: what somebody who looks for a fault wants to know of the request (RFC 3261 §20.43; code and wording are Kamailio's). */
function warning(state: RequestState): string {
  const { ip, port, socket } = state.received;
  const uri = (text: string): string => sanitizeUri(text).replace(/["\\]/g, '');
  const text =
    `Noisy feedback tells:  pid=${process.pid} req_src_ip=${ip} req_src_port=${port}` +
    ` in_uri=${uri(state.pristine.requestUri)} out_uri=${uri(state.target.uri)} via_cnt==${state.pristine.vias.length}`;
  return `Warning: 392 ${socket.displayHost}:${socket.displayPort} "${text}"\r\n`;
}
