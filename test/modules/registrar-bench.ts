/** usrloc and registrar in a host with two sockets, for tests of their parameters. */
import type { NathelperModule } from '../../src/modules/nathelper/instance.ts';
import { nathelper } from '../../src/modules/nathelper.ts';
import { registrar } from '../../src/modules/registrar.ts';
import type { UsrlocModule } from '../../src/modules/usrloc/instance.ts';
import { usrloc } from '../../src/modules/usrloc.ts';
import type { Binding } from '../../src/registrar/binding.ts';
import type { ScriptContext } from '../../src/script/context.ts';
import type { CompiledRoute } from '../../src/script/program.ts';
import type { Received } from '../../src/transport/transport.ts';
import {
  context,
  type LoadedModule,
  load,
  parsed,
  RECEIVED,
  request,
  SOCKET,
  type TestHost,
  testHost,
} from './support.ts';

/** A second socket, for TCP, whose advertised address is another. */
export const TCP_SOCKET = {
  ...SOCKET,
  index: 1,
  proto: 'tcp',
  port: 5062,
  displayHost: '203.0.113.9',
  displayPort: 5099,
} as const;

/** A REGISTER by the TCP connection of this number. */
export function byConnection(connection: number): Received {
  return { ...RECEIVED, socket: TCP_SOCKET, connection };
}

type Parameters = Readonly<Record<string, number | string | readonly string[]>>;

/** A request of ours that was begun. */
export interface Begun {
  readonly method: string;
  readonly ruri: string;
  readonly nextHop: string;
  readonly to: string;
  readonly from: string;
  readonly headers: string;
  /** Ends it. */
  final(outcome: unknown): void;
}

/** Calls so far, of all benches: no two REGISTERs are of one. */
let calls = 0;

/** Both modules, and what they did. */
export class RegistrarBench {
  readonly host: TestHost;
  readonly usrloc: LoadedModule;
  readonly registrar: LoadedModule;
  readonly begun: Begun[] = [];
  /** Contacts that event_route[usrloc:contact-expired] was told of. */
  readonly ended: unknown[] = [];
  readonly closed: number[] = [];

  constructor(usrlocParameters: Parameters = {}, registrarParameters: Parameters = {}, serverId = 0) {
    const host = testHost({
      sockets: [SOCKET, TCP_SOCKET],
      settings: { maxBranches: 12, serverId, sockets: [SOCKET, TCP_SOCKET] },
    });
    this.host = host;
    const expired: CompiledRoute = (ctx) => this.ended.push(this.registrar.read(ctx, 'ulc', 'exp=>addr'));
    Object.assign(host.program(), {
      route: (kind: string, name: string) => (kind === 'event' && name === 'usrloc:contact-expired' ? expired : null),
    });
    Object.assign(host.sender, { closeConnection: (connection: number) => this.closed.push(connection) > 0 });
    Object.assign(host.proxy, {
      begin: (parts: Omit<Begun, 'final'>, user: Pick<Begun, 'final'>) =>
        this.begun.push({ ...parts, final: (outcome) => user.final(outcome) }),
    });
    Object.assign(host.resolver, {
      resolveNow: ({ host: name, port }: { host: string; port: number }) => [
        { proto: 'udp', ip: name, port: port || 5060, serverName: '' },
      ],
    });
    this.usrloc = load(usrloc, host, { timer_interval: 1, ...usrlocParameters });
    host.modules.set('usrloc', this.usrloc.instance);
    this.registrar = load(registrar, host, registrarParameters);
  }

  get module(): UsrlocModule {
    return this.usrloc.instance as UsrlocModule;
  }

  /** Loads nathelper, too. */
  nathelper(parameters: Parameters): NathelperModule {
    return load(nathelper, this.host, parameters).instance as NathelperModule;
  }

  /** A REGISTER, as a route gets it. */
  register(contact: string, headers = '', from = RECEIVED, to = 'sip:bob@example.com'): ScriptContext {
    const message = request({
      method: 'REGISTER',
      ruri: 'sip:example.com',
      to: `<${to}>`,
      contact: `Contact: ${contact}\r\n`,
      headers,
      body: '',
    });
    // Each of a call of its own: the order of their CSeq does not matter.
    const raw = message.raw.replace('Call-ID: c1@h', `Call-ID: c${++calls}@h`);
    return context(this.host, parsed(raw), undefined, from);
  }

  async save(ctx: ScriptContext, ...more: string[]): Promise<number> {
    return this.registrar.call(ctx, 'save', 'location', ...more);
  }

  /** A request for an address of record, after lookup(). */
  async found(ruri = 'sip:bob@example.com'): Promise<ScriptContext & { readonly code: number }> {
    const ctx = context(this.host, request({ ruri }));
    const code = await this.registrar.call(ctx, 'lookup', 'location');
    return Object.assign(ctx, { code });
  }

  contact(uri: string): Binding | undefined {
    return [...this.module.location.table('location').bindings.every()].find((binding) => binding.uri === uri);
  }

  get contacts(): readonly string[] {
    return [...this.module.location.table('location').bindings.every()].map(({ uri }) => uri).sort();
  }

  /** Ends the modules, as a server's stop does. */
  async end(): Promise<void> {
    await usrloc.definition.drain?.(this.module, 1000);
    usrloc.definition.stop?.(this.module);
  }
}
