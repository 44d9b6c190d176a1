import type { ServerConfig } from '../script/globals-server.ts';
import { defaultPort, type ListenSpec } from '../transport/listen.ts';
import type { ListenSocket, Proto, TransportSender } from '../transport/transport.ts';

/** Stands in for the transports while a configuration is only checked: knows the sockets that would be open, sends nothing. */
export class PlannedSender implements TransportSender {
  readonly sockets: readonly ListenSocket[];
  private readonly names: TransportSender;

  /**
   * @param listen the lines that would be opened
   * @param names answers isMyself: aliases are known before a socket is open
   */
  constructor(server: ServerConfig, listen: readonly ListenSpec[], names: TransportSender) {
    this.names = names;
    this.sockets = listen.flatMap((spec) => {
      const { enableTcp, enableTls } = server;
      const protos: Proto[] =
        spec.proto === undefined
          ? ['udp', ...(enableTcp ? (['tcp'] as const) : []), ...(enableTls ? (['tls'] as const) : [])]
          : [spec.proto];
      return protos.map((proto, index): ListenSocket => {
        const address = spec.host.replace(/^\[|\]$/g, '');
        const family = address.includes(':') ? 6 : 4;
        const port = plannedPort(spec, proto, server);
        return {
          index,
          proto,
          address,
          family,
          port,
          name: spec.name ?? '',
          displayHost: spec.advertise?.host ?? spec.host,
          displayPort: spec.advertise?.port ?? port,
        };
      });
    });
  }

  send(): boolean {
    return false;
  }

  socketFor(proto: Proto, family: 4 | 6): ListenSocket | null {
    return this.sockets.find((socket) => socket.proto === proto && socket.family === family) ?? null;
  }

  addSubdomains(domain: string, port: number, proto: Proto | null): void {
    this.names.addSubdomains?.(domain, port, proto);
  }

  addNames(test: (host: string) => boolean): () => void {
    return this.names.addNames?.(test) ?? (() => {});
  }

  isMyself(host: string, port: number, proto?: Proto): boolean {
    const bare = host.replace(/^\[|\]$/g, '');
    return (
      this.sockets.some((socket) => socket.address === bare && (port === 0 || socket.port === port)) ||
      this.names.isMyself(host, port, proto)
    );
  }
}

/** As the transports choose it (planListen): a TLS socket of a line without a protocol is one port above the others. */
function plannedPort({ proto: written, port }: ListenSpec, proto: Proto, server: ServerConfig): number {
  if (port !== undefined) return written === undefined && proto === 'tls' && port > 0 ? port + 1 : port;
  if (proto === 'tls') return server.tlsPort;
  return proto === 'ws' || proto === 'wss' ? defaultPort(proto) : server.port;
}
