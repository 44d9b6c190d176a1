import type { ResolvedTarget } from '../../proxy/next-hop.ts';
import { CallbackTimer } from '../../time/callback-timer.ts';
import { errorText } from '../../transport/errors.ts';
import type { ListenSocket } from '../../transport/transport.ts';
import type { NextHop } from './next-hop-table.ts';
import { LONGEST_REASON, readableReason } from './register-answer.ts';
import type { Registration } from './registration.ts';
import type { Runner } from './runner.ts';
import { findSocket } from './sockets.ts';

/** Accounts that go on in one turn of the event loop once their name is resolved. */
const BATCH = 500;

/** From a next hop to the registrar's address and our socket towards it (RFC 3263). */
export class Resolution {
  private readonly runner: Runner;

  constructor(runner: Runner) {
    this.runner = runner;
  }

  /** Sends an account on to one of its next hop's addresses, or has it wait for the name to be resolved. */
  seek(record: Registration, hop: NextHop): void {
    const { uri } = hop;
    if (uri === null) {
      this.fail(record, 'unresolvable', 'the next hop is no sip or sips URI');
      return;
    }
    const targets = this.runner.config.resolver.resolveNow(uri);
    if (targets !== null) {
      this.route(record, targets);
      return;
    }
    hop.waiting.push(record);
    if (hop.resolving) return;
    hop.resolving = true;
    this.runner.config.resolver.resolve(uri).then(
      (found) => this.release(hop, found, ''),
      (error: unknown) => this.release(hop, [], readableReason(errorText(error), LONGEST_REASON)),
    );
  }

  /** The addresses in the order in which an attempt tries them: the one that it was given a place at first. */
  ordered(hop: NextHop, first: ResolvedTarget): readonly ResolvedTarget[] {
    const all = hop.uri === null ? null : this.runner.config.resolver.resolveNow(hop.uri);
    return [first, ...(all ?? hop.found).filter((one) => !sameTarget(one, first))];
  }

  /** Our socket towards a target: the row's own or none; else the default one, else the one that fits. */
  socketFor(record: Registration, target: ResolvedTarget): ListenSocket | null {
    const { sender, config } = this.runner;
    const family = target.ip.includes(':') ? 6 : 4;
    const { socket } = record.account;
    if (socket !== '') {
      const own = findSocket(sender, socket);
      return own !== null && own.proto === target.proto && own.family === family ? own : null;
    }
    const preferred = config.defaultSocket === '' ? null : findSocket(sender, config.defaultSocket);
    return sender.socketFor(target.proto, family, preferred ?? sender.socketTowards?.(target.proto, target.ip) ?? null);
  }

  private release(hop: NextHop, targets: readonly ResolvedTarget[], error: string): void {
    hop.resolving = false;
    hop.found = targets;
    const { runner } = this;
    for (let i = 0; i < BATCH; i++) {
      const record = hop.waiting.shift();
      if (record === null) return;
      if (error === '') this.route(record, targets);
      else this.fail(record, 'unresolvable', error);
    }
    // Whoever comes meanwhile asks for himself; the others get what was found.
    runner.wheel.start(new CallbackTimer(() => this.release(hop, targets, error)), 0);
  }

  private route(record: Registration, targets: readonly ResolvedTarget[]): void {
    const { runner } = this;
    if (record.state.name !== 'queued') return;
    if (targets.length === 0) {
      this.fail(record, 'unresolvable', 'the next hop has no address');
      return;
    }
    const usable = targets.filter((target) => this.socketFor(record, target) !== null);
    const home = record.home?.pace.target;
    // Sticky to the registrar that answered last, as long as its name leads there.
    const sticky = home === undefined ? undefined : usable.find((target) => sameTarget(target, home));
    const free = (target: ResolvedTarget): boolean => runner.paces.known(target)?.isBlocked !== true;
    const chosen = sticky !== undefined && free(sticky) ? sticky : (usable.find(free) ?? usable[0]);
    if (chosen !== undefined) runner.queueAt(record, runner.paces.of(chosen));
    else this.fail(record, 'local', `no socket of ours for ${targets[0]?.proto} to ${targets[0]?.ip}`);
  }

  private fail(record: Registration, result: 'unresolvable' | 'local', reason: string): void {
    this.runner.fail(record, { result, code: 408, reason, retryAfter: 0 });
  }
}

function sameTarget(a: ResolvedTarget, b: ResolvedTarget): boolean {
  return a.proto === b.proto && a.ip === b.ip && a.port === b.port && a.serverName === b.serverName;
}
