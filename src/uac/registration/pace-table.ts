import type { ResolvedTarget } from '../../proxy/next-hop.ts';
import { type PaceHost, RegistrarPace } from './registrar-pace.ts';

/** Milliseconds without use after which the way to a registrar is forgotten. */
const UNUSED = 600_000;

/** The ways to all registrars, by resolved address. */
export class PaceTable {
  private readonly byKey = new Map<string, RegistrarPace>();
  private readonly host: PaceHost;

  constructor(host: PaceHost) {
    this.host = host;
  }

  get size(): number {
    return this.byKey.size;
  }

  /** The way to a target; its TLS name is part of it. */
  of(target: ResolvedTarget): RegistrarPace {
    const key = `${target.proto} ${target.ip} ${target.port} ${target.serverName}`;
    let pace = this.byKey.get(key);
    if (pace === undefined) {
      pace = new RegistrarPace(target, this.host);
      this.byKey.set(key, pace);
    }
    return pace;
  }

  /** The way to a target if there is one. */
  known(target: ResolvedTarget): RegistrarPace | undefined {
    return this.byKey.get(`${target.proto} ${target.ip} ${target.port} ${target.serverName}`);
  }

  values(): Iterable<RegistrarPace> {
    return this.byKey.values();
  }

  /** Lets everybody begin for whom there is a place. */
  pumpAll(): void {
    for (const pace of this.byKey.values()) pace.pump();
  }

  /** Forgets ways that nobody goes any more. */
  sweep(now: number): void {
    for (const [key, pace] of this.byKey) {
      const idle = pace.outstanding === 0 && pace.waiting === 0 && pace.flows.every((flow) => flow.registered === 0);
      if (idle && now - pace.lastUsed > UNUSED) this.byKey.delete(key);
    }
  }

  /** Stops their timers. */
  clear(): void {
    for (const pace of this.byKey.values()) pace.stop();
    this.byKey.clear();
  }
}
