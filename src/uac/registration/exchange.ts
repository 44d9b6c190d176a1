import { utf8Bytes } from '../../digest/credentials.ts';
import type { SipMessage } from '../../message/message.ts';
import { parseUri } from '../../message/uri.ts';
import type { LocalRequest, LocalRequestHook } from '../../proxy/own-request.ts';
import { bracket } from '../../transport/ip.ts';
import { defaultPort } from '../../transport/listen.ts';
import { Attempt, type AttemptHost } from './attempt.ts';
import { AttemptCredentials } from './attempt-credentials.ts';
import { contactParams, contactUri, withAddress } from './contact.ts';
import { judgeAnswer, type Verdict } from './judge-answer.ts';
import { clockCSeq, lastingCallId } from './lasting-call.ts';
import { NextHop } from './next-hop-table.ts';
import type { Places } from './places.ts';
import { believedExpiry, MAX_RETRY_AFTER, refreshDelay } from './policy.ts';
import { readableReason, readFlowTimer, readServiceRoute } from './register-answer.ts';
import { registerRest, registerText, registrarUri } from './register-request.ts';
import type { RegistrarPace } from './registrar-pace.ts';
import type { Registration } from './registration.ts';
import type { Failure, Runner } from './runner.ts';

/** CSeq of a Call-ID's first REGISTER, as Kamailio begins. */
const FIRST_CSEQ = 10;
/** RFC 3261 §8.1.1.5 allows less than 2^31. */
const LAST_CSEQ = 0x7ffffff0;
/** Targets that one attempt tries. */
const MAX_TARGETS = 5;
/** Refreshes in a row that were challenged although credentials were sent ahead, after which none are: this registrar's nonces serve once. */
const MAX_MISSES = 3;

/** Sends the requests of attempts, and does what their answers say. */
export class Exchange implements AttemptHost {
  private readonly runner: Runner;
  /** Random parts of Call-IDs and From tags; the rest is the account's number. */
  private readonly callToken: string;
  private readonly tagToken: string;

  constructor(runner: Runner) {
    this.runner = runner;
    this.callToken = runner.config.random.token(12);
    this.tagToken = runner.config.random.token(8);
  }

  /** An account gets one of these places at a registrar. */
  begin(record: Registration, pace: RegistrarPace, places: Places): void {
    const { runner } = this;
    if (record.state.name !== 'queued') return;
    const { account } = record;
    record.attempt ??= new Attempt(
      record,
      record.state.goal !== 'on',
      registrarUri(account),
      new AttemptCredentials(account, record.kept, runner.tables.spaces, runner.config.algorithms),
      this,
    );
    const { attempt } = record;
    attempt.pace = pace;
    pace.take(attempt, places);
    if (attempt.targets.length === 0) attempt.targets = runner.resolution.ordered(attempt.hop, pace.target);
    runner.apply(record, { type: 'place', held: record.online });
    this.transmit(record);
  }

  /** Sends the attempt's next request. */
  transmit(record: Registration): void {
    const { runner } = this;
    const { config } = runner;
    const { attempt, account } = record;
    const pace = attempt?.pace ?? null;
    if (attempt === null || pace === null) return;
    const socket = runner.resolution.socketFor(record, pace.target);
    if (socket === null) {
      const { proto, ip } = pace.target;
      runner.fail(record, {
        result: 'local',
        code: 408,
        reason: `no socket of ours for ${proto} to ${ip}`,
        retryAfter: 0,
      });
      return;
    }
    if (record.cseq >= LAST_CSEQ || (!attempt.started && !attempt.removes && !config.keepCallid))
      runner.newCall(record);
    record.cseq = record.cseq === 0 ? this.firstCSeq : record.cseq + 1;
    attempt.contact = contactUri(account, this.addressOf(record));
    attempt.asked = attempt.removes ? 0 : record.wanted;
    const { serial, outdated } = record;
    const removal = outdated === '' || attempt.removes ? '' : `, <${outdated}>;expires=0`;
    const branch = `z9hG4bK${config.random.token(12)}`;
    let rest = registerRest({
      row: account,
      fromTag: `${this.tagToken}-${serial.toString(16)}`,
      callId: this.callIdOf(record),
      cseq: record.cseq,
      contact: `<${attempt.contact}>${contactParams(config.extras)}${removal}`,
      expires: attempt.asked,
      userAgent: config.userAgent,
      supported: config.supported,
      credentials: attempt.credentials.lines(attempt.uri),
    });
    let { uri } = attempt;
    const hook = config.shaper();
    if (hook !== null) {
      const shaped = this.shape(hook, { method: 'REGISTER', ruri: uri, nextHop: account.proxy, rest, socket });
      if (shaped === null) {
        const reason = 'dropped by event_route[tm:local-request]';
        runner.fail(record, { result: 'local', code: 408, reason, retryAfter: 0 });
        return;
      }
      uri = shaped.ruri;
      rest = shaped.rest;
    }
    const flow = pace.flowFrom(socket);
    let { destination } = flow;
    let text = registerText(uri, socket, branch, rest);
    const fitting = config.sender.fitTransport?.(destination, text.length) ?? destination;
    if (fitting !== destination) {
      destination = fitting;
      text = registerText(uri, fitting.socket, branch, rest);
    }
    attempt.started = true;
    attempt.flow = flow;
    attempt.sentAt = runner.now;
    const client = config.transactions.createClient({
      branch,
      method: 'REGISTER',
      text,
      destination,
      timers: config.timers,
      user: attempt,
      brief: true,
    });
    if (typeof client === 'string') {
      runner.busy(record);
      return;
    }
    attempt.client = client;
    pace.sent(attempt);
    record.attemptedAt = runner.seconds;
    runner.sent++;
    runner.expectAnswer(record);
  }

  /** @returns what is sent instead, null when it is dropped */
  private shape(hook: LocalRequestHook, request: LocalRequest): LocalRequest | null {
    const { log } = this.runner.config;
    try {
      const shaped = hook(request);
      if (!(shaped instanceof Promise)) return shaped;
      shaped.catch(() => {});
      log('warn', 'UAC_REG_ROUTE_WAITS', 'event_route[tm:local-request] may wait; the REGISTER left without it');
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      log('error', 'UAC_REG_FAULT', `event_route[tm:local-request]: ${text}`);
    }
    return request;
  }

  answered(attempt: Attempt, answer: SipMessage): void {
    const { runner } = this;
    const { record, pace, flow } = attempt;
    if (record.attempt !== attempt || pace === null || flow === null) return;
    attempt.client = null;
    pace.answered(attempt);
    record.doubtful = false;
    record.home = flow;
    record.roundTrip = Math.round(runner.now - attempt.sentAt);
    this.carryOut(attempt, answer, judgeAnswer(attempt, answer, runner.config.extras));
  }

  unanswered(attempt: Attempt): void {
    const { record, pace } = attempt;
    const doubtful = pace?.timedOut(attempt) === true;
    if (doubtful) record.doubtful = true;
    this.elsewhere(attempt, { result: 'timeout', code: 408, reason: 'Request Timeout', retryAfter: 0 }, !doubtful);
  }

  unsent(attempt: Attempt, code: string): void {
    this.elsewhere(attempt, { result: 'unreachable', code: 408, reason: code, retryAfter: 0 });
  }

  private carryOut(attempt: Attempt, answer: SipMessage, verdict: Verdict): void {
    const { runner } = this;
    const { record } = attempt;
    const { status: code, reason } = answer;
    switch (verdict.kind) {
      case 'granted':
        this.succeed(attempt, answer, verdict.seconds, verdict.silent);
        break;
      case 'removed':
        runner.endAttempt(record, false);
        runner.countResult('ok');
        runner.cameTo(record, code, reason);
        runner.unbind(record);
        record.granted = 0;
        runner.apply(record, { type: 'removed' });
        break;
      case 'again':
        if (verdict.expires > 0) {
          attempt.briefs++;
          record.raised = verdict.expires;
        }
        if (attempt.pace?.goOn(attempt) === true) this.transmit(record);
        break;
      case 'redirect':
        this.redirect(attempt, verdict.uri);
        break;
      case 'elsewhere': {
        const retryAfter = Math.min(verdict.retryAfter, MAX_RETRY_AFTER);
        attempt.pace?.overloaded(attempt.sentAt, retryAfter * 1000);
        this.elsewhere(attempt, { result: 'overload', code, reason, retryAfter });
        break;
      }
      case 'failed':
        runner.fail(record, { result: verdict.result, code, reason: verdict.reason, retryAfter: verdict.retryAfter });
    }
  }

  private succeed(attempt: Attempt, answer: SipMessage, seconds: number, silent: boolean): void {
    const { runner } = this;
    const { config } = runner;
    const { record, flow, credentials } = attempt;
    const { random, log } = config;
    if (flow === null) return;
    record.granted = believedExpiry(seconds);
    // From the sending on: the registrar cannot have begun to count before that.
    record.expiresAt = Math.floor(attempt.sentAt + record.granted * 1000);
    record.succeededAt = runner.seconds;
    record.outdated = '';
    record.misses = credentials.missed ? record.misses + 1 : 0;
    record.kept = credentials.keep(answer);
    if (record.misses >= MAX_MISSES) record.kept = null;
    const routes = readServiceRoute(answer);
    if (routes.length > 0 || record.serviceRoute.length > 0) record.serviceRoute = routes.map(runner.tables.share);
    const again = this.learn(record, attempt, answer);
    runner.bind(record, flow);
    // RFC 5626 §4.4: a Flow-Timer is for those who asked for outbound; others may want to hear of it as well.
    if (config.keepaliveMs > 0 || config.extras.regId > 0) flow.confirmed(readFlowTimer(answer), attempt.sentAt);
    runner.countResult('ok');
    runner.cameTo(record, answer.status, answer.reason);
    if (silent && !record.silenceSaid) {
      record.silenceSaid = true;
      log(
        'info',
        'UAC_REG_NO_CONTACT',
        `${runner.nameOf(record)}: ${answer.status} without a Contact, taken for ${record.granted} s`,
      );
    }
    if (record.failures > 0)
      log('info', 'registered', `${runner.nameOf(record)}: again, after ${record.failures} failed attempts`);
    record.failures = 0;
    const elapsed = runner.now - attempt.sentAt;
    const refreshIn = again ? 0 : Math.max(0, refreshDelay(record.granted, random) - elapsed);
    runner.endAttempt(record, false);
    runner.apply(record, { type: 'registered', refreshIn });
  }

  /**
   * Takes our address as the registrar sees it from the answer (RFC 3581).
   * @returns true when the Contact is another one now, and has to be registered
   */
  private learn(record: Registration, attempt: Attempt, answer: SipMessage): boolean {
    const { runner } = this;
    const via = answer.topVia;
    if (via === null || (via.received === '' && via.rport <= 0)) return false;
    const proto = attempt.flow?.socket.proto ?? 'udp';
    const port = via.rport > 0 ? via.rport : via.port || defaultPort(proto);
    const host = readableReason(via.received === '' ? via.host : via.received);
    record.publicAddress = runner.tables.share(`${bracket(host)}:${port}`);
    const current = parseUri(attempt.contact);
    if (!runner.config.learnContact || current === null) return false;
    const same = `${current.host}:${current.port || defaultPort(proto)}` === record.publicAddress;
    if (same || record.learning) {
      record.learning = false;
      return false;
    }
    const learned = withAddress(this.addressOf(record), record.publicAddress);
    if (parseUri(`sip:u@${learned}`) === null) return false;
    record.learning = true;
    record.outdated = runner.tables.share(attempt.contact);
    record.learned = runner.tables.share(learned);
    return true;
  }

  private redirect(attempt: Attempt, text: string): void {
    const uri = parseUri(text);
    if (uri === null) return;
    attempt.visited.push(text);
    attempt.hop = new NextHop(text);
    // RFC 3261 §8.1.3.4; a registrar's URI has no user part (§10.2).
    attempt.uri = `${uri.scheme}:${uri.host}${uri.port === 0 ? '' : `:${uri.port}`}`;
    attempt.targets = [];
    attempt.index = 0;
    attempt.credentials.forget();
    this.move(attempt);
  }

  /**
   * This target failed: the next one, or the end (RFC 3263 §4.3).
   * @param denied nobody is to use it for a while; false where it is this account alone that it does not answer
   */
  private elsewhere(attempt: Attempt, failure: Failure, denied = true): void {
    const { runner } = this;
    const { record, target } = attempt;
    if (record.attempt !== attempt) return;
    attempt.client = null;
    if (denied && target !== undefined) runner.config.resolver.denied(target);
    const { retryAfter } = failure;
    if (retryAfter > 0) attempt.retryAfter = Math.min(attempt.retryAfter || retryAfter, retryAfter);
    attempt.index++;
    if (attempt.index >= MAX_TARGETS || attempt.target === undefined)
      runner.fail(record, { ...failure, retryAfter: attempt.retryAfter });
    else this.move(attempt);
  }

  /** The attempt waits for a place at another registrar. */
  private move({ record }: Attempt): void {
    this.runner.endAttempt(record, true);
    this.runner.apply(record, { type: 'moved' });
  }

  private get firstCSeq(): number {
    const { callidSeed, clock } = this.runner.config;
    return callidSeed === '' ? FIRST_CSEQ : clockCSeq(clock.wall());
  }

  private callIdOf({ account, serial, callGeneration }: Registration): string {
    const { callidSeed } = this.runner.config;
    if (callidSeed !== '') return lastingCallId(callidSeed, account, callGeneration);
    return `${this.callToken}-${serial.toString(16)}-${callGeneration.toString(16)}`;
  }

  /** Address of the Contact, as bytes. */
  private addressOf(record: Registration): string {
    if (record.learned !== '') return record.learned;
    return utf8Bytes(record.account.contactAddr || this.runner.config.contactAddr);
  }
}
