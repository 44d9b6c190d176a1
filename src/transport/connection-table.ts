import type { Connection } from './connection.ts';
import { canonicalHost } from './ip.ts';
import type { Proto } from './transport.ts';

function keyOf(proto: Proto, ip: string, port: number): string {
  return `${proto} ${ip.includes(':') ? canonicalHost(ip) : ip} ${port}`;
}

/** Every open connection, found by its number or by the peer's address, port and protocol, aliases included. */
export class ConnectionTable {
  private readonly byId = new Map<number, Connection>();
  private readonly byPeer = new Map<string, Connection[]>();
  private readonly inboundByIp = new Map<string, number>();

  get size(): number {
    return this.byId.size;
  }

  values(): IterableIterator<Connection> {
    return this.byId.values();
  }

  /** Inbound connections of one address. */
  inboundFrom(ip: string): number {
    return this.inboundByIp.get(ip) ?? 0;
  }

  add(connection: Connection): void {
    const { id, proto, ip, port, inbound } = connection;
    this.byId.set(id, connection);
    this.enter(keyOf(proto, ip, port), connection);
    if (inbound) this.inboundByIp.set(ip, this.inboundFrom(ip) + 1);
  }

  remove(connection: Connection): void {
    const { id, proto, ip, port, inbound, aliasPorts } = connection;
    if (!this.byId.delete(id)) return;
    this.leave(keyOf(proto, ip, port), connection);
    for (const alias of aliasPorts) this.leave(keyOf(proto, ip, alias), connection);
    if (!inbound) return;
    const rest = this.inboundFrom(ip) - 1;
    if (rest > 0) this.inboundByIp.set(ip, rest);
    else this.inboundByIp.delete(ip);
  }

  /** The connection with this number, if it can still be written to. */
  get(id: number): Connection | undefined {
    const connection = this.byId.get(id);
    return connection?.usable === true ? connection : undefined;
  }

  /**
   * A connection to this peer that can be used again (RFC 3261 §18.1.1, RFC 5923).
   * @param serverName name that must have been checked on it; empty: any will do. Reusing a TLS connection for a name that its
   *   certificate was not checked for would hand one domain's calls to another.
   */
  find(proto: Proto, ip: string, port: number, serverName: string): Connection | undefined {
    const list = this.byPeer.get(keyOf(proto, ip, port));
    if (list === undefined) return undefined;
    for (let i = list.length - 1; i >= 0; i--) {
      const connection = list[i] as Connection;
      if (!connection.usable) continue;
      if (serverName === '' || connection.inbound || connection.serverName === serverName) return connection;
    }
    return undefined;
  }

  /**
   * Lets the connection serve a further port of its peer (force_tcp_alias, RFC 5923 §4).
   * @returns false when there is no such connection, or another one already serves that port: the first one keeps it
   */
  addAlias(id: number, port: number): boolean {
    const connection = this.get(id);
    if (connection === undefined) return false;
    const { proto, ip } = connection;
    if (port === connection.port || connection.aliasPorts.includes(port)) return true;
    if (this.find(proto, ip, port, '') !== undefined) return false;
    connection.aliasPorts.push(port);
    this.enter(keyOf(proto, ip, port), connection);
    return true;
  }

  private enter(key: string, connection: Connection): void {
    const list = this.byPeer.get(key);
    if (list === undefined) this.byPeer.set(key, [connection]);
    else list.push(connection);
  }

  private leave(key: string, connection: Connection): void {
    const list = this.byPeer.get(key);
    if (list === undefined) return;
    const at = list.indexOf(connection);
    if (at >= 0) list.splice(at, 1);
    if (list.length === 0) this.byPeer.delete(key);
  }
}
