import type { SipMessage } from '../../message/message.ts';
import { escapeUser } from '../../message/uri.ts';
import { RequestState } from '../../proxy/request-state.ts';
import type { Binding } from '../../registrar/binding.ts';
import { overStream } from '../../registrar/lookup.ts';
import { ScriptContext } from '../../script/context.ts';
import type { ModuleHost, TextGetter } from '../../script/module-definition.ts';
import { ROUTE_ONREPLY } from '../../script/values.ts';
import { findSocket } from '../../script/variables/destination.ts';
import { splitAor } from '../../storage/location-table.ts';
import type { Received } from '../../transport/transport.ts';
import type { Location, LocationTable } from './location.ts';
import { pingContact } from './ping.ts';
import { ContactRounds } from './rounds.ts';
import type { KeepaliveSettings, UsrlocSettings } from './settings.ts';

/** Requests that ask contacts whether they are there (ka_mode): one for each in the time of a round. */
export class Keepalives {
  private readonly host: ModuleHost;
  private readonly location: Location;
  private readonly natBflag: number;
  private readonly useDomain: boolean;
  private readonly settings: KeepaliveSettings;
  private readonly rounds: ContactRounds;
  private readonly message: TextGetter | null;

  constructor(host: ModuleHost, location: Location, usrloc: UsrlocSettings, settings: KeepaliveSettings) {
    this.host = host;
    this.location = location;
    this.natBflag = usrloc.natBflag;
    this.useDomain = usrloc.useDomain;
    this.settings = settings;
    this.message = settings.logLevel === null ? null : host.format(settings.logMessage);
    this.rounds = new ContactRounds(host.wheel, location, settings.interval, (table, binding) =>
      this.visit(table, binding),
    );
  }

  begin(): void {
    this.rounds.begin();
  }

  end(): void {
    this.rounds.end();
  }

  private visit(table: LocationTable, binding: Binding): void {
    const { host, location, settings } = this;
    if (!binding.valid(location.now)) return;
    const nated = this.natBflag >= 0 && (binding.cflags & (1 << this.natBflag)) !== 0;
    if ((settings.natedOnly && !nated) || (settings.udpOnly && overStream(binding))) return;
    if (settings.ownOnly && binding.serverId !== host.settings.serverId) return;
    if (settings.timeout > 0 && (location.now - binding.seen) * 1000 > settings.timeout) {
      location.end(table, binding);
      return;
    }
    // A key has its escapes taken away: what stood behind them must not end the header.
    const [user, domain] = splitAor(binding, this.useDomain);
    const to = `sip:${user === '' ? '' : `${escapeUser(user)}@`}${domain ?? settings.domain}`;
    const socket = binding.socket === '' ? null : findSocket(host.sender.sockets, binding.socket, 'udp');
    const { method, from } = settings;
    pingContact(host, binding, { method, from, to, socket }, location, (reply, source) =>
      this.tell(binding, reply, source),
    );
  }

  private tell(binding: Binding, reply: SipMessage, from: Received): void {
    const { host, message, settings } = this;
    if (message === null || settings.logLevel === null) return;
    const program = host.program();
    const state = new RequestState(reply, from, program.hooks);
    const ctx = new ScriptContext(program, ROUTE_ONREPLY, reply, state, state.target, state.edits, null, null, from, 0);
    const seconds = (binding.roundTrip / 1e6).toFixed(6);
    const text = `keepalive roundtrip: ${seconds} sec - ruid [${binding.ruid}]${message.get(ctx) ?? ''}`;
    host.log.write(settings.logLevel, 'usrloc', text);
  }
}
