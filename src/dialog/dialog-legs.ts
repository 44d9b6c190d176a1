import { detach } from '../message/detach.ts';
import { HDR_CONTACT, HDR_RECORD_ROUTE } from '../message/header-name.ts';
import type { SipMessage } from '../message/message.ts';
import { type NameAddr, parseNameAddr, parseNameAddrList } from '../message/name-addr.ts';
import { unfold } from '../message/sanitize.ts';
import { parseUri } from '../message/uri.ts';
import type { ListenSocket } from '../transport/transport.ts';
import { type CallDialog, type DialogSide, otherSide } from './call-dialog.ts';

/** Tags of other answers that are kept for one call; more are nobody's forks. */
const MAX_OTHER_TAGS = 32;

/** Whether a host and port (0: any) are ours. */
export type IsMyself = (host: string, port: number) => boolean;

/** Display name and URI of a From or To, without tag and parameters. */
function identityOf(message: SipMessage, value: NameAddr | null): string {
  if (value === null) return '';
  const text = value.bracketed ? unfold(message.raw.slice(value.start, value.uriEnd)).trimStart() : `<${value.uri}`;
  return detach(`${text}>`);
}

/** URI of the first Contact, empty when there is none. */
function contactOf(message: SipMessage): string {
  const header = message.find(HDR_CONTACT);
  const value = header === undefined ? null : parseNameAddr(message.raw, header.valueStart, header.valueEnd);
  return value === null ? '' : detach(value.uri);
}

/** Record-Route values in order; unreadable ones end the list. */
function recordRoutes(message: SipMessage): { readonly text: string; readonly uri: string }[] {
  const routes: { text: string; uri: string }[] = [];
  for (const header of message.findAll(HDR_RECORD_ROUTE)) {
    const list = parseNameAddrList(message.raw, header.valueStart, header.valueEnd);
    if (list === null) return routes;
    for (const { start, end, uri } of list)
      routes.push({ text: detach(unfold(message.raw.slice(start, end)).trim()), uri });
  }
  return routes;
}

function isOurs(uri: string, isMyself: IsMyself): boolean {
  const parsed = parseUri(uri);
  if (parsed === null) return false;
  return isMyself(parsed.host, parsed.port || (parsed.scheme === 'sips' || parsed.transport === 'tls' ? 5061 : 5060));
}

/** The caller's side, of its INVITE as it came (RFC 3261 §12.1.1: the route set towards it is the Record-Route in order). */
export function learnCaller(dialog: CallDialog, invite: SipMessage, socket: ListenSocket): void {
  const { caller, callee } = dialog;
  caller.tag = detach(invite.from?.tag ?? '');
  caller.contact = contactOf(invite);
  caller.routes = recordRoutes(invite).map(({ text }) => text);
  caller.cseq = invite.cseq?.seq ?? 0;
  caller.socket = socket;
  caller.self = identityOf(invite, invite.from);
  caller.peer = identityOf(invite, invite.to);
  callee.seen = caller.cseq;
}

/**
 * The called side, of its 2xx as it came (RFC 3261 §12.1.2: the route set is the Record-Route reversed, here only what lies beyond us).
 * @param invite the INVITE as it came, whose Record-Routes are on the caller's side
 * @param keepOwn keep_proxy_rr: 1 our own Record-Route stays in the route set of the called side, 2 in that of the caller
 */
export function learnCallee(
  dialog: CallDialog,
  reply: SipMessage,
  socket: ListenSocket | null,
  isMyself: IsMyself,
  keepOwn: number,
): void {
  const { caller, callee } = dialog;
  callee.tag = detach(reply.to?.tag ?? '');
  callee.contact = contactOf(reply);
  callee.socket = socket;
  callee.self = identityOf(reply, reply.to);
  callee.peer = identityOf(reply, reply.from);
  const all = recordRoutes(reply);
  const own: string[] = [];
  // Ours stand right before those that the INVITE came with, two when it left by another socket (RFC 5658).
  const beyond = all.slice(0, Math.max(0, all.length - caller.routes.length));
  for (let last = beyond.at(-1); last !== undefined && own.length < 2; last = beyond.at(-1)) {
    if (!isOurs(last.uri, isMyself)) break;
    own.unshift(last.text);
    beyond.pop();
  }
  const towards = beyond.map(({ text }) => text).reverse();
  callee.routes = (keepOwn & 1) === 0 ? towards : [...own.toReversed(), ...towards];
  if ((keepOwn & 2) !== 0) caller.routes = [...own, ...caller.routes];
}

/** Another answer to the same INVITE: a dialog of its own whose requests are known to belong to the call. */
export function noteOtherAnswer(dialog: CallDialog, tag: string): void {
  if (tag === '' || tag === dialog.callee.tag || dialog.otherTags.includes(tag)) return;
  if (dialog.otherTags.length < MAX_OTHER_TAGS) dialog.otherTags.push(detach(tag));
}

/** Books the number of a request that passes. ACK and CANCEL have that of their INVITE. */
export function noteRequest(dialog: CallDialog, side: DialogSide, message: SipMessage): void {
  const seq = message.cseq?.seq ?? 0;
  const from = dialog.leg(side);
  const to = dialog.leg(otherSide(side));
  if (seq <= from.cseq) return;
  // What the other side has seen beyond it so far, it will see beyond this one (a challenge was answered here).
  const ahead = from.cseq === 0 ? 0 : Math.max(0, to.seen - from.cseq);
  from.cseq = seq;
  to.seen = Math.max(to.seen, seq + ahead);
}

/** Books the number that a reply shows the request to have left with. @param side that sent the request */
export function noteReply(dialog: CallDialog, side: DialogSide, reply: SipMessage): void {
  const to = dialog.leg(otherSide(side));
  to.seen = Math.max(to.seen, reply.cseq?.seq ?? 0);
}

/** RFC 3261 §12.2: a 2xx of a target refresh gives both sides their new remote targets. @param side that sent the request */
export function refreshTargets(dialog: CallDialog, side: DialogSide, request: SipMessage, reply: SipMessage): void {
  const from = dialog.leg(side);
  const to = dialog.leg(otherSide(side));
  from.contact = contactOf(request) || from.contact;
  to.contact = contactOf(reply) || to.contact;
}
