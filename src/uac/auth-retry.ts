import { answerChallenge } from '../digest/authorization.ts';
import { type ChallengeChoice, chooseChallenge } from '../digest/challenge.ts';
import type { Credential } from '../digest/credentials.ts';
import type { DigestErrorCode } from '../digest/errors.ts';
import { type AuthChallenge, type DigestChallenge, parseChallenges } from '../message/auth-header.ts';
import { applyEdits, type Outbound } from '../message/edits.ts';
import { HDR_PROXY_AUTHENTICATE, HDR_WWW_AUTHENTICATE } from '../message/header-name.ts';
import type { SipMessage } from '../message/message.ts';
import { sanitizeUri } from '../message/sanitize.ts';
import type { Branch } from '../proxy/branch.ts';
import type { RequestState } from '../proxy/request-state.ts';
import { type AuthHeaderName, removeRealms } from './auth-headers.ts';
import { type CredentialSource, credentialFor, destinationText, maySend } from './credential-source.ts';
import { DONE, failed, type UacErrorCode, type UacResult } from './errors.ts';
import { slot } from './slot.ts';

/** Answers to one realm in a row: the first, and two more for nonces that the peer itself calls stale (RFC 7616 §3.3). */
const MAX_ANSWERS = 3;
/** Answers of one leg and its repetitions in all, against peers that invent realms. */
const MAX_ROUNDS = 6;

/** A challenge that was answered, and with what. */
interface AnsweredChallenge {
  readonly header: AuthHeaderName;
  readonly challenge: DigestChallenge;
  readonly credential: Credential;
  /** Says where the credential may go. */
  readonly source: CredentialSource;
  /** Answers given to this realm so far, this one included. */
  readonly count: number;
  /** The answer to the nonce's first use for this Request-URI, which serves when nothing changes before it is sent. */
  readonly first: { readonly uri: string; readonly headerValue: string };
}

/** What was answered on the way to a branch: of the legs that it repeats. A new destination begins with nothing. */
interface Answers {
  readonly list: readonly AnsweredChallenge[];
  readonly rounds: number;
  /** Times each nonce was used. */
  readonly uses: Map<string, number>;
}

const ANSWERS = slot<Answers>('uac answers');

/** What a layer that repeats requests does to the new branch besides the credentials. */
export type RepeatBranch = (challenged: Branch, next: Branch) => void;

type AuthErrorCode = UacErrorCode | DigestErrorCode;

/**
 * Answers the challenge of a failed branch (uac_auth): the next relay repeats the request to where it was challenged, with credentials.
 *
 * The 401's WWW-Authenticate or the 407's Proxy-Authenticate counts, the strongest challenge for which there is a credential. Credentials
 * for the same realm are replaced, whether the caller's or those of an earlier round; other realms' stay. A realm is answered once more
 * only for a stale nonce.
 * @param branch the branch whose reply wins (failure_route) or that just failed (branch-failure route)
 * @param repeat called when the repeating branch is made, before its branch_route
 * @returns done, or a UAC_AUTH_… or DIGEST_… code; nothing was changed then
 */
export function authenticate(
  state: RequestState,
  branch: Branch | null,
  source: CredentialSource,
  repeat: RepeatBranch,
): UacResult<AuthErrorCode> {
  const reply = branch?.reply ?? null;
  if (branch === null || reply === null || branch.local) return failed('UAC_AUTH_NO_REPLY', 'no reply to answer');
  const { status } = reply;
  if (status !== 401 && status !== 407) return failed('UAC_AUTH_NOT_CHALLENGED', `the reply is ${status}`);
  const header: AuthHeaderName = status === 401 ? 'Authorization' : 'Proxy-Authorization';
  const choice = chooseChallenge({
    challenges: challengesOf(reply, status),
    credentialsFor: (realm) => credentialFor(source, realm, branch),
    allow: source.allow,
    destination: destinationText(branch),
  });
  if (!choice.ok) return failed(choice.code, refusal(choice, status, branch));
  const { challenge, credential } = choice;
  const before = ANSWERS.get(branch) ?? { list: [], rounds: 0, uses: new Map<string, number>() };
  const earlier = before.list.find((one) => one.header === header && one.challenge.realm === challenge.realm);
  const refused = repeated(earlier, challenge, before.rounds);
  if (refused !== null) return refused;

  const uri = branch.sentRuri;
  // What cannot be answered must not become a branch; the answer itself is made when the branch is written, for what is really sent.
  const sent = sanitizeUri(uri);
  const trial = answerChallenge({ challenge, credential, method: state.message.method, uri: sent, nc: 1 });
  if (!trial.ok) return failed(trial.code, `realm "${challenge.realm}"`);
  const first = { uri: sent, headerValue: trial.headerValue };
  const answered: AnsweredChallenge = {
    header,
    challenge,
    credential,
    source,
    count: (earlier?.count ?? 0) + 1,
    first,
  };
  const answers: Answers = {
    list: [...before.list.filter((one) => one !== earlier), answered],
    rounds: before.rounds + 1,
    uses: before.uses,
  };
  const { target } = state;
  target.uri = uri;
  target.dstUri = branch.target.dstUri;
  target.socket = branch.target.socket;
  target.path = branch.target.path;
  target.flags = branch.target.flags;
  target.q = branch.target.q;
  target.ruid = branch.target.ruid;
  target.locationUa = branch.target.locationUa;
  target.instance = branch.target.instance;
  // What an earlier failure_route changed in the challenged request belongs to its repetition, too.
  if (branch.request !== null) state.changes.inherit(branch.request);
  target.seed = (next) => {
    // Only when that is sent: a script that does not relay, or cannot, leaves the challenge to the caller.
    next.replaces = branch;
    ANSWERS.set(next, answers);
    next.recordRoute = branch.recordRoute;
    // The same server, if it is still there: another one of the same name may not know the nonce.
    next.candidates = branch.candidates.slice(branch.candidate);
    next.candidatesFor = branch.target.nextHop;
    insertCredentials(state, next, answers);
    repeat(branch, next);
  };
  return DONE;
}

/** Each challenge of the headers that this status speaks by. */
function challengesOf(reply: SipMessage, status: number): AuthChallenge[] {
  const id = status === 401 ? HDR_WWW_AUTHENTICATE : HDR_PROXY_AUTHENTICATE;
  return reply.findAll(id).flatMap(({ valueStart, valueEnd }) => parseChallenges(reply.raw, valueStart, valueEnd));
}

/** The reasons that a set-up can have, in words; the code says the others. */
const WHY: Readonly<Partial<Record<DigestErrorCode, string>>> = {
  DIGEST_NO_CREDENTIAL: 'no credential for this realm',
  DIGEST_REALM_MISMATCH: 'the credential is for another realm',
  DIGEST_DESTINATION_MISMATCH: 'the credential is for another destination',
  DIGEST_ALGORITHM_REFUSED: 'its algorithm is not allowed',
};

function refusal(choice: Extract<ChallengeChoice, { ok: false }>, status: number, branch: Branch): string {
  const where = `${status} of ${destinationText(branch)}`;
  if (choice.realm === '') return `${where} has no usable challenge`;
  const why = WHY[choice.code];
  return `${where}, realm "${choice.realm}"${why === undefined ? '' : `: ${why}`}`;
}

/** Why a realm is not answered again; null when it may be. */
function repeated(
  earlier: AnsweredChallenge | undefined,
  challenge: DigestChallenge,
  rounds: number,
): UacResult<AuthErrorCode> | null {
  const realm = `realm "${challenge.realm}"`;
  if (earlier !== undefined) {
    // Stale means that only the nonce was wrong (RFC 7616 §3.3); the same nonce again would be wrong again.
    if (!challenge.stale || earlier.challenge.nonce === challenge.nonce)
      return failed('UAC_AUTH_REFUSED', `user "${earlier.credential.user}" was refused, ${realm}`);
    if (earlier.count >= MAX_ANSWERS)
      return failed('UAC_AUTH_TOO_MANY', `${earlier.count} nonces were stale, ${realm}`);
  }
  return rounds >= MAX_ROUNDS ? failed('UAC_AUTH_TOO_MANY', `${rounds} challenges were answered, now ${realm}`) : null;
}

/** Records the credentials of every answered realm in the new branch. */
function insertCredentials(state: RequestState, next: Branch, answers: Answers): void {
  const { message } = state;
  for (const name of ['Authorization', 'Proxy-Authorization'] as const) {
    const ours = answers.list.filter((one) => one.header === name);
    if (ours.length > 0) removeRealms(message, next.edits, name, new Set(ours.map(({ challenge }) => challenge.realm)));
  }
  for (const answered of answers.list) {
    const { header, challenge, source } = answered;
    const count = counter(next, `${challenge.realm}\n${challenge.nonce}`, answers.uses);
    const line = (out: Outbound): string => {
      // A next address, or a script that set another destination meanwhile, is not where the challenge came from.
      const address = next.candidates[next.candidate] ?? null;
      if (!maySend(source, challenge.realm, address, next.target.nextHop)) return '';
      return headerLine(state, next, answered, count(), out);
    };
    next.edits.insert(message.headersEnd, line, `${header} ${challenge.realm}`);
  }
}

/**
 * Counts the uses of a nonce (RFC 7616 §3.4, nc): each sending of a branch is one, a next address included; writing the same sending a second
 * time, because it turned out too large for UDP, is not.
 */
function counter(branch: Branch, key: string, uses: Map<string, number>): () => number {
  let attempt = -1;
  let nc = 0;
  return () => {
    if (branch.attempts !== attempt) {
      ({ attempts: attempt } = branch);
      nc = (uses.get(key) ?? 0) + 1;
      uses.set(key, nc);
    }
    return nc;
  };
}

/** The header for the request as it is written now: a branch_route may have changed URI or body since. */
function headerLine(
  state: RequestState,
  branch: Branch,
  answered: AnsweredChallenge,
  nc: number,
  out: Outbound,
): string {
  const { message } = state;
  const { challenge, credential, header, first } = answered;
  const protectsBody = challenge.qop.includes('auth-int');
  // The Request-URI as it is written.
  const uri = sanitizeUri(branch.target.uri);
  if (nc === 1 && !protectsBody && uri === first.uri) return `${header}: ${first.headerValue}\r\n`;
  const body = protectsBody
    ? applyEdits(message, branch.request?.edits ?? state.edits, branch.edits, out, message.bodyStart, message.bodyEnd)
    : '';
  const answer = answerChallenge({ challenge, credential, method: message.method, uri, body, nc });
  return answer.ok ? `${header}: ${answer.headerValue}\r\n` : '';
}
