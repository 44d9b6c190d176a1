import { answerChallenge } from '../digest/authorization.ts';
import { chooseChallenge } from '../digest/challenge.ts';
import { type Credential, credential } from '../digest/credentials.ts';
import { type AuthChallenge, parseChallenges } from '../message/auth-header.ts';
import { HDR_PROXY_AUTHENTICATE, HDR_WWW_AUTHENTICATE } from '../message/header-name.ts';
import type { SipMessage } from '../message/message.ts';
import { parseNameAddr } from '../message/name-addr.ts';
import { sanitizeUri } from '../message/sanitize.ts';
import { parseUri } from '../message/uri.ts';
import type { OwnOutcome, OwnRequestHandle, OwnRequestParts } from '../proxy/own-request.ts';
import type { ProxyCore } from '../proxy/proxy-core.ts';
import type { Random } from '../time/random.ts';
import type { ListenSocket } from '../transport/transport.ts';
import { failed, type UacResult } from './errors.ts';
import type { RequestFields } from './request-fields.ts';

/** Answers to challenges that one request may need: a proxy's, the server's, and one stale nonce. */
const MAX_ROUNDS = 3;
/** CSeq number of a request of ours when the script names none, as Kamailio has it. */
const FIRST_CSEQ = 10;
/** RFC 3261 §8.1.1.5 */
const MAX_CSEQ = 0x7fff_ffff;

/** What came back for a request of ours. */
export interface RequestReport {
  /** Status of the reply, or of what happened here instead: 408 timeout, 477 not sendable, 478 no address. */
  readonly code: number;
  readonly outcome: OwnOutcome;
  /** A challenge that is being answered: another report follows. */
  readonly goesOn: boolean;
}

/** A request of ours, ready to send. */
export interface PreparedRequest {
  readonly parts: OwnRequestParts;
  readonly credential: Credential | null;
}

/**
 * Checks what a script put together and makes a request of it (uac_req_send).
 * @param socket ours, by the text of the key `sock`; null when there is none of that name
 * @returns the request, or UAC_REQ_INCOMPLETE, UAC_REQ_BAD_URI, UAC_REQ_BAD_SOCKET, UAC_REQ_BAD_METHOD, UAC_REQ_CSEQ
 */
export function prepareRequest(
  fields: RequestFields,
  socket: (text: string) => ListenSocket | null,
  random: Random,
): { readonly ok: true; readonly request: PreparedRequest } | Extract<UacResult, { ok: false }> {
  const method = fields.text('method');
  const ruri = fields.text('ruri');
  if (method === '' || ruri === '') return failed('UAC_REQ_INCOMPLETE', 'method and ruri must be set');
  if (!/^[A-Za-z0-9\-.!%*_+`'~]+$/.test(method)) return failed('UAC_REQ_BAD_METHOD', 'the method is no token');
  const nextHop = fields.text('ouri');
  for (const [key, text] of [
    ['ruri', ruri],
    ['ouri', nextHop],
  ] as const)
    if (text !== '' && (parseUri(text) === null || sanitizeUri(text) !== text))
      return failed('UAC_REQ_BAD_URI', `${key} ${JSON.stringify(text)} is no URI`);
  const to = addressText(fields.text('turi') || ruri);
  const from = addressText(fields.text('furi') || ruri);
  if (to === null) return failed('UAC_REQ_BAD_URI', `turi ${JSON.stringify(fields.text('turi'))} is no address`);
  if (from === null) return failed('UAC_REQ_BAD_URI', `furi ${JSON.stringify(fields.text('furi'))} is no address`);
  const wanted = fields.text('sock');
  const own = wanted === '' ? null : socket(wanted);
  if (wanted !== '' && own === null) return failed('UAC_REQ_BAD_SOCKET', `${wanted} is none of our sockets`);
  const cseq = fields.number('cseqno') || FIRST_CSEQ;
  if (cseq < 1 || cseq > MAX_CSEQ - MAX_ROUNDS) return failed('UAC_REQ_CSEQ', `cseqno ${cseq} is out of range`);
  const hdrs = fields.text('hdrs');
  return {
    ok: true,
    request: {
      parts: {
        method,
        ruri,
        nextHop,
        to,
        from,
        toTag: fields.text('ttag'),
        fromTag: fields.text('ftag') || random.token(16),
        callId: fields.text('callid') || random.token(16),
        cseq,
        headers: hdrs === '' || hdrs.endsWith('\n') ? hdrs : `${hdrs}\r\n`,
        body: fields.text('body'),
        socket: own,
        fr: Math.max(0, fields.number('fr_timeout')),
        frInv: Math.max(0, fields.number('fr_inv_timeout')),
      },
      credential: credentialOf(fields),
    },
  };
}

/**
 * An address as it may stand in To or From. A bare URI with blanks, which scripts do set (`sip:Emergency Alert`), has them escaped: behind
 * brackets a phone reads it, without escapes hardly one.
 * @returns null when it is none
 */
function addressText(text: string): string | null {
  if (text.includes('<')) return parseNameAddr(text, 0, text.length) === null ? null : text;
  const uri = text.trim().replaceAll(' ', '%20');
  return /^[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e\x80-\xff]+$/.test(uri) && !/[<>"]/.test(uri) ? uri : null;
}

function credentialOf(fields: RequestFields): Credential | null {
  const secret = fields.text('apasswd');
  if (secret === '') return null;
  return credential({
    user: fields.text('auser'),
    realm: fields.text('arealm'),
    secret,
    ha1: (fields.number('flags') & 1) !== 0,
  });
}

/**
 * Sends a prepared request. A challenge is answered when there is a credential, with everything that the request had and the next CSeq number
 * (RFC 3261 §22.2), credentials of every realm that asked.
 * @param report called for each final reply
 */
export function sendRequest(
  proxy: ProxyCore,
  request: PreparedRequest,
  report: (report: RequestReport) => void,
): OwnRequestHandle {
  const authorizations = new Map<string, string>();
  let handle: OwnRequestHandle;
  let unwanted = false;
  const round = (parts: OwnRequestParts, rounds: number): OwnRequestHandle =>
    proxy.begin(parts, {
      final(outcome) {
        const next = unwanted || rounds >= MAX_ROUNDS ? null : answered(parts, request, outcome, authorizations);
        report({ code: outcome.status, outcome, goesOn: next !== null });
        if (next !== null) handle = round(next, rounds + 1);
      },
    });
  handle = round(request.parts, 0);
  return {
    end() {
      unwanted = true;
      handle.end();
    },
  };
}

/** The request again, with an answer to the challenge; null when the reply is none or cannot be answered. */
function answered(
  parts: OwnRequestParts,
  { parts: original, credential: own }: PreparedRequest,
  { reply, ruri }: OwnOutcome,
  authorizations: Map<string, string>,
): OwnRequestParts | null {
  if (own === null || reply === null || (reply.status !== 401 && reply.status !== 407)) return null;
  const choice = chooseChallenge({ challenges: challengesOf(reply), credentialsFor: () => own });
  if (!choice.ok) return null;
  const { challenge } = choice;
  const key = `${reply.status} ${challenge.realm}`;
  // The same realm again means a wrong password, unless it says that only the nonce was old (RFC 7616 §3.3).
  if (authorizations.has(key) && !challenge.stale) return null;
  const { method, body } = original;
  const answer = answerChallenge({ challenge, credential: own, method, uri: ruri, body, nc: 1 });
  if (!answer.ok) return null;
  const name = reply.status === 401 ? 'Authorization' : 'Proxy-Authorization';
  authorizations.set(key, `${name}: ${answer.headerValue}\r\n`);
  return { ...original, cseq: parts.cseq + 1, headers: original.headers + [...authorizations.values()].join('') };
}

function challengesOf(reply: SipMessage): AuthChallenge[] {
  const id = reply.status === 401 ? HDR_WWW_AUTHENTICATE : HDR_PROXY_AUTHENTICATE;
  return reply.findAll(id).flatMap(({ valueStart, valueEnd }) => parseChallenges(reply.raw, valueStart, valueEnd));
}
