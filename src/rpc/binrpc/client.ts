import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import type { RpcArgument, RpcFault } from '../method.ts';
import type { RpcResult } from '../value.ts';
import { type ControlAddress, formatControlAddress } from './address.ts';
import { BinrpcError } from './errors.ts';
import {
  PACKET_FAULT,
  PACKET_REPLY,
  type Packet,
  PacketStream,
  readFault,
  readPacket,
  readReply,
  requestPacket,
} from './packet.ts';

/** What a call may be told. */
export interface CallOptions {
  /** Milliseconds to wait for the whole reply; 10 000 unless told. */
  readonly timeoutMs?: number;
  /** Most bytes of a reply; 1 GiB unless told. */
  readonly maxReply?: number;
}

const TIMEOUT = 10_000;
const MAX_REPLY = 1 << 30;

/**
 * An argument as kamcmd types it: digits are an int (32 bits), what else C reads as a number a double, the rest a text; `s:` makes a text of
 * whatever follows.
 */
export function typedArgument(text: string): RpcArgument {
  if (text.startsWith('s:')) return { kind: 'string', value: text.slice(2) };
  if (/^\s*[+-]?\d+$/.test(text)) return { kind: 'int', value: Number(BigInt.asIntN(32, BigInt(text.trim()))) };
  const hex = /^\s*([+-]?)0x([\da-f]+)(?:\.([\da-f]*))?(?:p([+-]?\d+))?$/i.exec(text);
  if (hex !== null) return { kind: 'double', value: hexFloat(hex) };
  const word = /^\s*([+-]?)(inf(?:inity)?|nan)$/i.exec(text);
  if (word !== null) {
    const value = (word[2] as string).toLowerCase() === 'nan' ? Number.NaN : Number.POSITIVE_INFINITY;
    return { kind: 'double', value: word[1] === '-' ? -value : value };
  }
  if (/^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text)) return { kind: 'double', value: Number(text) };
  return { kind: 'string', value: text };
}

/** C's hexadecimal floats: `0x1A`, `0x1.8p3`. */
function hexFloat([, sign, whole = '', fraction = '', exponent = '0']: RegExpExecArray): number {
  const digits = Number.parseInt(`${whole}${fraction}`, 16);
  const value = digits * 2 ** (Number(exponent) - 4 * fraction.length);
  return sign === '-' ? -value : value;
}

/**
 * Runs a command of a server.
 * @param address socket of its module ctl
 * @param args typed as the command wants them; see {@link typedArgument}
 * @returns what it gives back
 * @throws RpcFault when the command refuses; BinrpcError BINRPC_UNREACHABLE, BINRPC_TIMEOUT, BINRPC_CLOSED, BINRPC_RECORD, BINRPC_CORRUPTED,
 * BINRPC_COOKIE, BINRPC_TOO_LARGE
 */
export async function callRpc(
  address: ControlAddress,
  method: string,
  args: readonly RpcArgument[],
  options: CallOptions = {},
): Promise<RpcResult> {
  const cookie = randomBytes(4);
  const request = requestPacket(cookie, method, args);
  const exchange = address.kind === 'udp' ? overUdp : overStream;
  const packet = await exchange(address, request, {
    timeoutMs: options.timeoutMs ?? TIMEOUT,
    maxReply: options.maxReply ?? MAX_REPLY,
  });
  // Kamailio answers what it cannot read with a cookie of its own.
  if (!packet.cookie.equals(cookie) && packet.type !== PACKET_FAULT)
    throw new BinrpcError('BINRPC_COOKIE', `the reply of ${formatControlAddress(address)} belongs to another request`);
  return resultOf(packet);
}

/** @throws RpcFault, BinrpcError */
function resultOf({ type, body }: Packet): RpcResult {
  if (type === PACKET_FAULT) {
    const fault = readFault(body);
    throw fault.ok
      ? (fault.value satisfies RpcFault)
      : new BinrpcError(fault.code, `a fault that cannot be read: ${fault.reason}`);
  }
  if (type !== PACKET_REPLY) throw new BinrpcError('BINRPC_CORRUPTED', 'a request came where a reply was due');
  const reply = readReply(body);
  if (!reply.ok) throw new BinrpcError(reply.code, `a reply that cannot be read: ${reply.reason}`);
  return reply.value;
}

function unreachable(address: ControlAddress, reason: string): BinrpcError {
  return new BinrpcError('BINRPC_UNREACHABLE', `${formatControlAddress(address)} cannot be reached: ${reason}`);
}

function late(address: ControlAddress, { timeoutMs }: Required<CallOptions>): BinrpcError {
  const seconds = timeoutMs / 1000;
  return new BinrpcError('BINRPC_TIMEOUT', `no reply from ${formatControlAddress(address)} in ${seconds} seconds`);
}

function overStream(address: ControlAddress, request: Buffer, options: Required<CallOptions>): Promise<Packet> {
  if (address.kind === 'unixd')
    return Promise.reject(new BinrpcError('BINRPC_ADDRESS', 'unixd: is for servers; call the stream socket, unix:'));
  return new Promise((resolve, reject) => {
    const socket = connect('path' in address ? { path: address.path } : { host: address.host, port: address.port });
    const stream = new PacketStream(options.maxReply);
    let connected = false;
    const timer = setTimeout(() => finish(late(address, options)), options.timeoutMs);
    const finish = (result: Packet | Error): void => {
      clearTimeout(timer);
      socket.destroy();
      if (result instanceof Error) reject(result);
      else resolve(result);
    };
    socket.on('connect', () => {
      connected = true;
      socket.write(request);
    });
    socket.on('data', (bytes) => {
      stream.add(bytes);
      const packet = stream.next();
      if (packet === null) return;
      finish(
        packet.ok ? packet.value : new BinrpcError(packet.code, `what answers is no BINRPC server: ${packet.reason}`),
      );
    });
    socket.on('error', (error) => {
      finish(connected ? new BinrpcError('BINRPC_CLOSED', error.message) : unreachable(address, error.message));
    });
    socket.on('close', () => finish(new BinrpcError('BINRPC_CLOSED', 'the server closed the connection')));
  });
}

function overUdp(address: ControlAddress, request: Buffer, options: Required<CallOptions>): Promise<Packet> {
  if (address.kind !== 'udp') return Promise.reject(unreachable(address, 'it is no UDP address'));
  return new Promise((resolve, reject) => {
    const socket = createSocket(isIPv6(address.host) ? 'udp6' : 'udp4');
    const timer = setTimeout(() => finish(late(address, options)), options.timeoutMs);
    const finish = (result: Packet | Error): void => {
      clearTimeout(timer);
      socket.close();
      if (result instanceof Error) reject(result);
      else resolve(result);
    };
    socket.on('error', (error) => finish(unreachable(address, error.message)));
    // Connected, the kernel lets nobody else answer, and says when nobody is there.
    // A name that is not found comes as an argument of the callback, which Node's types have not.
    socket.connect(address.port, address.host, (error?: Error) => {
      if (error instanceof Error) finish(unreachable(address, error.message));
      else socket.send(request);
    });
    socket.on('message', (bytes) => {
      const packet = readPacket(bytes);
      if (packet.ok) finish(packet.value);
      else finish(new BinrpcError(packet.code, `what answers is no BINRPC server: ${packet.reason}`));
    });
  });
}
