import type { ServerConfig } from '../script/globals-server.ts';
import type { ListenSocket, Proto, TransportSender } from '../transport/transport.ts';

/** Stands in for the transports while a configuration is only checked: knows the sockets that would be open, sends nothing. */
export class PlannedSender implements TransportSender {
  readonly sockets: readonly ListenSocket[];
  private readonly names: TransportSender;

  /** @param names answers isMyself: aliases are known before a socket is open */
  constructor(server: ServerConfig, names: TransportSender) {
    this.names = names;
    this.sockets = server.listen.flatMap((spec) => {
      const protos: Proto[] =
        spec.proto === undefined ? ['udp', ...(server.enableTcp ? (['tcp'] as const) : [])] : [spec.proto];
      return protos.map((proto, index): ListenSocket => {
        const address = spec.host.replace(/^\[|\]$/g, '');
        const family = address.includes(':') ? 6 : 4;
        const port = spec.port ?? (proto === 'tls' ? server.tlsPort : server.port);
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

  isMyself(host: string, port: number, proto?: Proto): boolean {
    const bare = host.replace(/^\[|\]$/g, '');
    return (
      this.sockets.some((socket) => socket.address === bare && (port === 0 || socket.port === port)) ||
      this.names.isMyself(host, port, proto)
    );
  }
}
