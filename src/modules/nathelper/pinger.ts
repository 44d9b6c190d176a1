import { parseUri } from '../../message/uri.ts';
import { destinationFor } from '../../proxy/next-hop.ts';
import type { Binding } from '../../registrar/binding.ts';
import { wayTo } from '../../registrar/lookup.ts';
import { L_INFO } from '../../script/log.ts';
import type { ModuleHost } from '../../script/module-definition.ts';
import { findSocket } from '../../script/variables/destination.ts';
import type { ListenSocket } from '../../transport/transport.ts';
import type { Location, LocationTable } from '../usrloc/location.ts';
import { pingContact } from '../usrloc/ping.ts';
import { ContactRounds } from '../usrloc/rounds.ts';

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
  /** Only contacts that this server_id took (filter_server_id), null for all. */
  readonly serverId: number | null;
  /** Socket to send from, null for the contact's own. */
  readonly socket: ListenSocket | null;
}

function has(binding: Binding, bit: number): boolean {
  return bit >= 0 && (binding.cflags & (1 << bit)) !== 0;
}

/** Sends pings to contacts, spread over the interval, so that the holes of their NATs stay open. */
export class Pinger {
  private readonly host: ModuleHost;
  private readonly location: Location;
  private readonly rounds: ContactRounds;
  readonly settings: PingSettings;
  /** nathelper.enable_ping. */
  enabled = true;

  constructor(host: ModuleHost, location: Location, settings: PingSettings) {
    this.host = host;
    this.location = location;
    this.settings = settings;
    this.rounds = new ContactRounds(host.wheel, location, settings.interval, (table, binding) => {
      if (this.enabled) this.ping(table, binding);
    });
  }

  begin(): void {
    this.rounds.begin();
  }

  end(): void {
    this.rounds.end();
  }

  private ping(table: LocationTable, binding: Binding): void {
    const { natedOnly, natBflag, quietBflag, sipBflag, timeout, from, serverId } = this.settings;
    if (serverId !== null && binding.serverId !== serverId) return;
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
    const { method, from } = this.settings;
    const ping = { method, from, to: binding.uri, socket: this.socketOf(binding) };
    pingContact(this.host, binding, ping, this.location);
  }
}
