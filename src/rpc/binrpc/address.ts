/** Addresses of control sockets: `unix:/path`, `tcp:host:port`, `udp:host:port`, as modparam("ctl", "binrpc", …) and kamcmd -s take them. */
import { resolve } from 'node:path';

/** Kamailio's port for BINRPC. */
export const DEFAULT_PORT = 2049;

/** Name of the socket of a server that names none (Kamailio's ctl). */
export const DEFAULT_SOCKET = 'kamailio_ctl';

/** A socket as it was asked for. */
export type ControlAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'unixd'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'udp'; readonly host: string; readonly port: number };

/**
 * Reads an address. A bare path is a unix stream socket, a bare host and port UDP, as in Kamailio; `*` is every interface.
 * @param directory where relative paths begin
 * @returns a text that says what is wrong with it
 */
export function parseControlAddress(text: string, directory: string): ControlAddress | string {
  const match = /^(unixs?|unixd|tcp|udp):(.*)$/s.exec(text.trim());
  const rest = match?.[2] ?? text.trim();
  const scheme = match?.[1] ?? (rest.includes('/') ? 'unix' : 'udp');
  if (rest === '') return `"${text}" names no socket`;
  if (scheme.startsWith('unix')) {
    const path = resolve(directory, rest);
    // sun_path of Linux has 108 bytes with its NUL.
    if (Buffer.byteLength(path) > 107) return `${path} is too long for a unix socket`;
    return { kind: scheme === 'unixd' ? 'unixd' : 'unix', path };
  }
  const kind = scheme === 'tcp' ? 'tcp' : 'udp';
  const parts = /^(\[[^\]]*\]|[^:]*)(?::([^:]*))?$/.exec(rest);
  if (parts === null) return `"${text}" is not of the form ${kind}:host:port`;
  const onlyPort = parts[2] === undefined && /^\d+$/.test(rest);
  const host = onlyPort ? '*' : (parts[1] as string).replace(/^\[|\]$/g, '');
  const portText = onlyPort ? rest : (parts[2] ?? `${DEFAULT_PORT}`);
  const port = Number(portText);
  if (!/^\d{1,5}$/.test(portText) || port > 65535) return `"${portText}" is no port`;
  if (host === '') return `"${text}" names no host`;
  return { kind, host: host === '*' ? '0.0.0.0' : host, port };
}

/** An address as people write it. */
export function formatControlAddress(address: ControlAddress): string {
  if (address.kind === 'unix' || address.kind === 'unixd') return `${address.kind}:${address.path}`;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `${address.kind}:${host}:${address.port}`;
}
