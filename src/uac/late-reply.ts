import type { EditList } from '../message/edits.ts';
import { HDR_RECORD_ROUTE } from '../message/header-name.ts';
import type { SipMessage } from '../message/message.ts';
import { parseNameAddrList } from '../message/name-addr.ts';
import { paramValue } from '../message/params.ts';
import { unfold } from '../message/sanitize.ts';
import { parseUri } from '../message/uri.ts';
import { CSEQ_EDIT } from './cseq-offset.ts';
import type { IdentityHeader } from './header-shape.ts';
import { identityEnd } from './header-shape.ts';
import { headerOf, type IdentitySettings } from './identity.ts';
import { identityContext } from './identity-vault.ts';
import { decodeAltered } from './rr-store.ts';

/** What is needed to put a late reply right. */
export interface LateReplySettings {
  readonly identity: IdentitySettings;
  /** Name of the Record-Route URI parameter with the difference of CSeq numbers. */
  readonly cseqParam: string;
  /** Whether a host and port are this server's. */
  readonly isMyself: (host: string, port: number) => boolean;
}

/**
 * Puts a reply right whose transaction has gone, such as the 200 of an INVITE that a peer repeats for half a minute because each copy was lost
 * (RFC 3261 §13.3.1.4): its own Record-Route still carries what the caller's identities and CSeq number were.
 */
export function restoreLateReply(reply: SipMessage, edits: EditList, settings: LateReplySettings): void {
  const { identity, cseqParam } = settings;
  if (identity.mode === 'none' && reply.cseq === null) return;
  const params = ownParams(reply, settings.isMyself);
  const ftag = params === null ? undefined : paramValue(params, 'ftag');
  // Only the dialog's first direction: replies to the called side's requests name it by what it sent itself.
  if (params === null || ftag === undefined || ftag !== reply.from?.tag) return;
  if (identity.mode !== 'none')
    for (const header of ['from', 'to'] as const) restore(reply, edits, header, params, identity);
  const offset = paramValue(params, cseqParam.toLowerCase());
  const { cseq } = reply;
  if (cseq === null || cseq.method !== 'INVITE' || offset === undefined || !/^\d{1,3}$/.test(offset)) return;
  const own = cseq.seq - Number(offset);
  if (own >= 0 && own !== cseq.seq && edits.get(CSEQ_EDIT) === undefined)
    edits.replace(cseq.seqStart, cseq.seqEnd, `${own}`, CSEQ_EDIT);
}

/** URI parameters of the first Record-Route that is ours. */
function ownParams(reply: SipMessage, isMyself: LateReplySettings['isMyself']): string | null {
  for (const { valueStart, valueEnd } of reply.findAll(HDR_RECORD_ROUTE))
    for (const { uri } of parseNameAddrList(reply.raw, valueStart, valueEnd) ?? []) {
      const parsed = parseUri(uri);
      if (parsed !== null && parsed.params !== '' && isMyself(parsed.host, parsed.port)) return parsed.params;
    }
  return null;
}

/** The caller's own identity in place of the one that was shown. */
function restore(
  reply: SipMessage,
  edits: EditList,
  header: IdentityHeader,
  params: string,
  { vault, password, [header]: { uriParam, displayParam } }: IdentitySettings,
): void {
  const value = headerOf(reply, header);
  const pair = paramValue(params, uriParam.toLowerCase());
  const sealed = paramValue(params, displayParam.toLowerCase());
  if (value === null || (pair === undefined && sealed === undefined)) return;
  const stored = sealed === undefined ? null : vault.open(identityContext(reply, header, false), sealed);
  const uri =
    stored !== null && stored.original.uri !== ''
      ? stored.original.uri
      : pair === undefined
        ? null
        : decodeAltered(pair, value.uri, password);
  if (uri === null) return;
  const display = stored?.original.display ?? unfold(value.display);
  edits.replace(value.start, identityEnd(value), `${display === '' ? '' : `${display} `}<${uri}>`, header);
}
