import { parseNameAddr } from '../message/name-addr.ts';
import { paramValue } from '../message/params.ts';
import { parseUri } from '../message/uri.ts';
import type { ListenSocket } from '../transport/transport.ts';
import { type CallDialog, type DialogSide, otherSide } from './call-dialog.ts';

/** A request of ours inside a call: what is written of it. */
export interface LegRequest {
  readonly method: string;
  readonly ruri: string;
  readonly nextHop: string;
  readonly to: string;
  readonly from: string;
  readonly toTag: string;
  readonly fromTag: string;
  readonly callId: string;
  readonly cseq: number;
  readonly headers: string;
  readonly body: string;
  readonly socket: ListenSocket | null;
  readonly fr: number;
  readonly frInv: number;
}

/** What differs between them. */
export interface LegRequestWish {
  readonly method: string;
  /** Header lines with CRLF. */
  readonly headers: string;
  readonly body: string;
  /** True: a number of its own, above everything that side has seen; false: the last one again (a keepalive, which is not to disturb the numbers). */
  readonly counts: boolean;
}

/** Longest wait for a final reply, milliseconds. */
const WAIT = 30_000;

const PROTOS: Readonly<Record<string, string>> = { '2': ';transport=tcp', '3': ';transport=tls', '5': ';transport=ws' };

/** Where a contact behind NAT is reached: its alias parameter (`alias=ip~port~proto`). Empty without one. */
function aliasHop(contact: string): string {
  const match = /^([^~]+)~(\d{1,5})~(\d)$/.exec(paramValue(parseUri(contact)?.params ?? '', 'alias') ?? '');
  return match === null ? '' : `sip:${match[1]}:${match[2]}${PROTOS[match[3] ?? ''] ?? ''}`;
}

function uriOf(nameAddr: string): string {
  return parseNameAddr(nameAddr, 0, nameAddr.length)?.uri ?? '';
}

/**
 * A request to one side as if the other had sent it (RFC 3261 §12.2.1.1): Call-ID, tags, identities as that side knows them, its route set
 * from here on, its remote target, and a number above all that it has seen.
 * @returns null when the side is not known well enough: it has not answered, or gave no Contact
 */
export function legRequest(dialog: CallDialog, side: DialogSide, wish: LegRequestWish): LegRequest | null {
  const leg = dialog.leg(side);
  const other = dialog.leg(otherSide(side));
  if (leg.tag === '' || other.tag === '' || leg.contact === '') return null;
  const cseq = wish.counts ? leg.seen + 1 : Math.max(1, leg.seen);
  if (wish.counts) leg.seen = cseq;
  const [self, peer] = side === 'caller' ? [dialog.fromUri, dialog.toUri] : [dialog.toUri, dialog.fromUri];
  const first = leg.routes[0];
  return {
    method: wish.method,
    ruri: leg.contact,
    nextHop: first === undefined ? aliasHop(leg.contact) : uriOf(first),
    to: leg.self || `<${self}>`,
    from: leg.peer || `<${peer}>`,
    toTag: leg.tag,
    fromTag: other.tag,
    callId: dialog.callId,
    cseq,
    headers: leg.routes.map((route) => `Route: ${route}\r\n`).join('') + wish.headers,
    body: wish.body,
    socket: leg.socket,
    fr: WAIT,
    frInv: WAIT,
  };
}
