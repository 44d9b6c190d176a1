import { parseUri } from '../../message/uri.ts';
import { destinationFor } from '../../proxy/next-hop.ts';
import type { Binding } from '../../registrar/binding.ts';
import { wayTo } from '../../registrar/lookup.ts';
import { L_INFO } from '../../script/log.ts';
import type { ModuleHost } from '../../script/module-definition.ts';
import { findSocket } from '../../script/variables/destination.ts';
import { Timer } from '../../time/timer-wheel.ts';
import type { ListenSocket } from '../../transport/transport.ts';
import type { Location, LocationTable } from '../usrloc/location.ts';

/** Milliseconds between two turns; each pings its share. */
const TURN = 50;
/** Pings of one turn at most: what does not fit makes the round longer. */
const MOST = 500;
/** Milliseconds that an answer may take. */
const ANSWER = 4000;
/** What keeps a hole in a NAT open: Kamailio's four bytes. */
const KEEPALIVE = '\0\0\0\0';

/** Parameters of pinging. */
export interface PingSettings {
  /** Milliseconds of a round. */
  readonly interval: number;
  /** Branch flag bits: contacts behind NAT, those that get SIP requests, those that are left alone; -1 for none. */
  readonly natBflag: number;
  readonly sipBflag: number;
  readonly quietBflag: number;
  readonly natedOnly: boolean;
  readonly method: string;
  readonly from: string;
  /** Milliseconds after which a contact that answers nothing is removed, 0 never. */
  readonly timeout: number;
  /** UDP pings go to the first Path element. */
  readonly fromPath: boolean;
  /** Socket to send from, null for the contact's own. */
  readonly socket: ListenSocket | null;
}

function has(binding: Binding, bit: number): boolean {
  return bit >= 0 && (binding.cflags & (1 << bit)) !== 0;
}

/** Sends pings to contacts, spread over the interval, so that the holes of their NATs stay open. */
export class Pinger extends Timer {
  private readonly host: ModuleHost;
  private readonly location: Location;
  readonly settings: PingSettings;
  /** nathelper.enable_ping. */
  enabled = true;
  private rest: Iterator<readonly [LocationTable, Binding]> | null = null;
  private share = 1;
  private roundEnd = 0;

  constructor(host: ModuleHost, location: Location, settings: PingSettings) {
    super();
    this.host = host;
    this.location = location;
    this.settings = settings;
  }

  begin(): void {
    this.host.wheel.start(this, this.settings.interval);
  }

  end(): void {
    this.host.wheel.stop(this);
    this.rest = null;
  }

  override fire(now: number): void {
    const { wheel } = this.host;
    if (this.rest === null) {
      this.roundEnd = now + this.settings.interval;
      this.rest = this.all();
      let total = 0;
      for (const { bindings } of this.location.all()) total += bindings.contacts;
      this.share = Math.min(Math.max(Math.ceil((total * TURN) / this.settings.interval), 1), MOST);
    }
    for (let n = 0; n < this.share; n++) {
      const next = this.rest.next();
      if (next.done === true) {
        this.rest = null;
        wheel.start(this, Math.max(this.roundEnd - now, TURN));
        return;
      }
      if (this.enabled) this.ping(...next.value);
    }
    wheel.start(this, TURN);
  }

  private *all(): Iterator<readonly [LocationTable, Binding]> {
    for (const table of this.location.all()) for (const binding of table.bindings.every()) yield [table, binding];
  }

  private ping(table: LocationTable, binding: Binding): void {
    const { natedOnly, natBflag, quietBflag, sipBflag, timeout, from } = this.settings;
    if (!binding.valid(this.location.now) || has(binding, quietBflag)) return;
    if (natedOnly && !has(binding, natBflag)) return;
    if (from !== '' && has(binding, sipBflag)) {
      if (timeout > 0 && (this.location.now - binding.seen) * 1000 > timeout) this.lost(table, binding);
      else this.pingBySip(binding);
    } else this.pingByUdp(binding);
  }

  private lost(table: LocationTable, binding: Binding): void {
    const text = `contact ${binding.uri} of ${binding.aor} answers no pings and is removed`;
    this.host.log.write(L_INFO, 'nathelper', text);
    table.bindings.remove(binding);
  }

  private socketOf(binding: Binding): ListenSocket | null {
    if (this.settings.socket !== null) return this.settings.socket;
    return binding.socket === '' ? null : findSocket(this.host.sender.sockets, binding.socket, 'udp');
  }

  private pingByUdp(binding: Binding): void {
    const { nextHop, path } = wayTo(binding, null);
    // A proxy on the way would take four bytes for its own keep-alive.
    const way = path !== '' && !this.settings.fromPath ? binding.received : nextHop;
    const uri = parseUri(way === '' ? binding.uri : way);
    if (uri === null || uri.host === '' || (uri.transport !== '' && uri.transport !== 'udp')) return;
    const { sender, resolver } = this.host;
    const resolved = resolver.resolveNow(uri)?.[0];
    if (resolved === undefined || resolved.proto !== 'udp') return;
    const destination = destinationFor(sender, resolved, this.socketOf(binding), null);
    if (destination !== null) sender.send(KEEPALIVE, destination, null);
  }

  private pingBySip(binding: Binding): void {
    const { proxy, random, clock } = this.host;
    const { nextHop, path } = wayTo(binding, null);
    const began = clock.now();
    proxy.begin(
      {
        method: this.settings.method,
        ruri: binding.uri,
        nextHop,
        to: binding.uri,
        from: this.settings.from,
        toTag: '',
        fromTag: `${binding.ruid}-${random.token(4)}`,
        callId: `${random.token(8)}@${this.host.sender.sockets[0]?.displayHost ?? 'localhost'}`,
        cseq: 1,
        headers: path === '' ? '' : `Route: ${path}\r\n`,
        body: '',
        socket: this.socketOf(binding),
        fr: ANSWER,
        frInv: ANSWER,
      },
      {
        final: ({ reply }) => {
          // Any reply of its own shows that it is there.
          if (reply === null || !binding.live) return;
          binding.seen = this.location.now;
          binding.roundTrip = Math.round(clock.now() - began);
        },
      },
    );
  }
}
