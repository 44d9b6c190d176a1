import { SipMessage } from '../message/message.ts';
import { parseMessage } from '../message/parser.ts';
import type { SipUri } from '../message/uri.ts';
import type { NextHopResolver, ResolvedTarget } from '../proxy/next-hop.ts';
import type { Clock } from '../time/clock.ts';
import type {
  Destination,
  ListenSocket,
  Proto,
  Received,
  SendObserver,
  TransportSender,
  TransportUser,
} from '../transport/transport.ts';

/** Takes messages that are sent to its address. */
export interface NetworkNode {
  readonly name: string;
  readonly ip: string;
  readonly port: number;
  receive(text: string): void;
}

/** A network in memory that loses nothing and takes no time; names resolve to the nodes that have them. */
export class MemoryNetwork implements TransportSender, NextHopResolver {
  readonly sockets: readonly ListenSocket[];
  /** What went where, one line a message. */
  readonly story: string[] = [];
  private readonly nodes: NetworkNode[] = [];
  private readonly names = new Map<string, string>();
  private readonly own: (host: string, port: number) => boolean;
  private readonly clock: Clock;
  private user: TransportUser | null = null;
  private readonly queue: (() => void)[] = [];

  /** @param own whether a name is the server's besides its sockets' addresses */
  constructor(sockets: readonly ListenSocket[], clock: Clock, own: (host: string, port: number) => boolean) {
    this.sockets = sockets;
    this.clock = clock;
    this.own = own;
  }

  /** Gives the server what nodes send. */
  connect(user: TransportUser): void {
    this.user = user;
  }

  /** @param name host name that resolves to the node; empty for none */
  add(node: NetworkNode, name: string): void {
    this.nodes.push(node);
    if (name !== '') this.names.set(name.toLowerCase(), node.ip);
  }

  /** A node sends the server a message. */
  toServer(node: NetworkNode, text: string): void {
    const message = parseMessage(text);
    if (!(message instanceof SipMessage))
      throw new Error(`${node.name} sent what is no message: ${message.reason}\n${text}`);
    this.story.push(`${node.name} → server: ${lineOf(message)}`);
    const [socket] = this.sockets;
    if (socket === undefined) throw new Error('the server has no socket');
    const from: Received = { socket, ip: node.ip, port: node.port, connection: 0, at: this.clock.now() };
    this.queue.push(() => this.user?.onMessage(message, from));
  }

  /** Delivers what is on its way. @returns false when there was nothing */
  deliver(): boolean {
    const under = this.queue.splice(0);
    for (const run of under) run();
    return under.length > 0;
  }

  send(text: string, { ip, port }: Destination, _observer: SendObserver | null): boolean {
    const message = parseMessage(text);
    const line = message instanceof SipMessage ? lineOf(message) : text;
    const node = this.nodes.find((one) => one.ip === ip && one.port === port);
    this.story.push(`server → ${node?.name ?? `${ip}:${port}, where nobody is`}: ${line}`);
    if (node !== undefined) this.queue.push(() => node.receive(text));
    return true;
  }

  socketFor(proto: Proto, family: 4 | 6, preferred: ListenSocket | null): ListenSocket | null {
    if (preferred?.proto === proto && preferred.family === family) return preferred;
    return this.sockets.find((one) => one.proto === proto && one.family === family) ?? null;
  }

  isMyself(host: string, port: number): boolean {
    const bare = host.replace(/^\[|\]$/g, '');
    const same = (one: ListenSocket): boolean =>
      one.address === bare || one.displayHost.replace(/^\[|\]$/g, '') === bare;
    return (
      this.sockets.some((one) => same(one) && (port === 0 || port === one.port || port === one.displayPort)) ||
      this.own(host, port)
    );
  }

  resolveNow(uri: SipUri): readonly ResolvedTarget[] {
    const host = uri.host.replace(/^\[|\]$/g, '').toLowerCase();
    const ip = /^[\d.]+$/.test(host) || host.includes(':') ? host : this.names.get(host);
    if (ip === undefined) return [];
    const proto = (uri.transport === '' ? 'udp' : uri.transport) as Proto;
    return [{ proto, ip, port: uri.port === 0 ? 5060 : uri.port, serverName: '' }];
  }

  async resolve(uri: SipUri): Promise<readonly ResolvedTarget[]> {
    return this.resolveNow(uri);
  }

  denied(): void {}
}

function lineOf(message: SipMessage): string {
  const start = message.isRequest ? `${message.method} ${message.requestUri}` : `${message.status} ${message.reason}`;
  return `${start} (CSeq ${message.cseq?.seq ?? 0} ${message.method})`;
}
