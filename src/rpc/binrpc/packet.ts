/**
 * Packets of BINRPC: 0xA1, a byte with type and sizes, length of the body, cookie, body. A stream carries them back to back, a datagram one.
 */
import { type RpcArgument, RpcFault } from '../method.ts';
import { RpcDouble, type RpcResult, RpcSeveral, type RpcValue } from '../value.ts';
import type { BinrpcErrorCode } from './errors.ts';
import { type Read, type ReadProblem, RecordReader } from './reader.ts';
import { RecordWriter } from './writer.ts';

const MAGIC_AND_VERSION = 0xa1;

/** Packet types. */
export const PACKET_REQUEST = 0;
export const PACKET_REPLY = 1;
export const PACKET_FAULT = 3;
export type PacketType = typeof PACKET_REQUEST | typeof PACKET_REPLY | typeof PACKET_FAULT;

/** One packet with its body unread. */
export interface Packet {
  readonly type: PacketType;
  /** One to four bytes that the client chose; the reply repeats them. */
  readonly cookie: Buffer;
  readonly body: Buffer;
}

/** Head of a packet, once enough of it is there. */
export interface PacketHead {
  readonly type: PacketType;
  readonly cookie: Buffer;
  /** Bytes of head and of body. */
  readonly headLength: number;
  readonly bodyLength: number;
}

/** Why the bytes are no packet: what Kamailio says of them. */
const CORRUPTED: ReadProblem = { ok: false, code: 'BINRPC_CORRUPTED', reason: 'corrupted packet' };

/** @returns the head, null while bytes of it are missing, or what is wrong with it */
export function readHead(bytes: Buffer): Read<PacketHead> | null {
  const [first, second] = bytes;
  if (first === undefined) return null;
  if (first !== MAGIC_AND_VERSION) return CORRUPTED;
  if (second === undefined) return null;
  const type = second >> 4;
  if (type !== PACKET_REQUEST && type !== PACKET_REPLY && type !== PACKET_FAULT) return CORRUPTED;
  const lengthBytes = ((second >> 2) & 3) + 1;
  const cookieBytes = (second & 3) + 1;
  const headLength = 2 + lengthBytes + cookieBytes;
  if (bytes.length < headLength) return null;
  return {
    ok: true,
    value: {
      type,
      cookie: bytes.subarray(2 + lengthBytes, headLength),
      headLength,
      bodyLength: bytes.readUIntBE(2, lengthBytes),
    },
  };
}

/** Reads a datagram: exactly one packet. Bytes behind it are not looked at, as in Kamailio. */
export function readPacket(bytes: Buffer): Read<Packet> {
  const head = readHead(bytes);
  if (head === null) return { ok: false, code: 'BINRPC_RECORD', reason: 'more data needed' };
  if (!head.ok) return head;
  const { headLength, bodyLength, type, cookie } = head.value;
  if (bytes.length < headLength + bodyLength) return { ok: false, code: 'BINRPC_RECORD', reason: 'more data needed' };
  return { ok: true, value: { type, cookie, body: bytes.subarray(headLength, headLength + bodyLength) } };
}

/** Head bytes of a packet. @throws RangeError for a body of 4 GiB or more, which no packet holds */
export function packetHead(type: PacketType, cookie: Buffer, bodyLength: number): Buffer {
  if (bodyLength > 0xffffffff) throw new RangeError('a packet holds less than 4 GiB');
  const size = bodyLength < 0x100 ? 1 : bodyLength < 0x10000 ? 2 : bodyLength < 0x1000000 ? 3 : 4;
  const head = Buffer.allocUnsafe(2 + size);
  head[0] = MAGIC_AND_VERSION;
  head[1] = (type << 4) | ((size - 1) << 2) | (cookie.length - 1);
  head.writeUIntBE(bodyLength, 2, size);
  return Buffer.concat([head, cookie]);
}

/** A whole packet as one buffer. */
export function packetOf(type: PacketType, cookie: Buffer, body: RecordWriter): Buffer {
  return Buffer.concat([packetHead(type, cookie, body.length), ...body.chunks()]);
}

/** A request. */
export interface BinrpcRequest {
  readonly method: string;
  readonly args: readonly RpcArgument[];
}

/** Reads the body of a request: a method's name, then its arguments. */
export function readRequest(body: Buffer): Read<BinrpcRequest> {
  const reader = new RecordReader(body);
  const name = reader.value();
  if (!name.ok) return { ...name, reason: `bad request method: ${name.reason}` };
  if (typeof name.value !== 'string')
    return { ok: false, code: 'BINRPC_RECORD', reason: "bad request method: record doesn't match type" };
  const args: RpcArgument[] = [];
  while (!reader.atEnd) {
    const read = reader.value();
    const index = args.length;
    if (!read.ok) return { ...read, reason: `error at parameter ${index}: expected any type but ${read.reason}` };
    const argument = argumentOf(read.value);
    // No command takes structs.
    if (argument === null)
      return { ok: false, code: 'BINRPC_RECORD', reason: `error at parameter ${index}: a struct is not expected` };
    args.push(argument);
  }
  return { ok: true, value: { method: name.value, args } };
}

function argumentOf(value: RpcValue): RpcArgument | null {
  if (typeof value === 'number') return { kind: 'int', value };
  if (typeof value === 'string') return { kind: 'string', value };
  return value instanceof RpcDouble ? { kind: 'double', value: value.value } : null;
}

/** A request as one buffer. */
export function requestPacket(cookie: Buffer, method: string, args: readonly RpcArgument[]): Buffer {
  const body = new RecordWriter();
  body.string(method);
  for (const { kind, value } of args) {
    if (kind === 'int') body.int(value);
    else if (kind === 'double') body.double(value);
    else body.string(value);
  }
  return packetOf(PACKET_REQUEST, cookie, body);
}

/** A fault as one buffer. */
export function faultPacket(cookie: Buffer, code: number, reason: string): Buffer {
  const body = new RecordWriter(64 + reason.length);
  body.int(code);
  body.string(reason);
  return packetOf(PACKET_FAULT, cookie, body);
}

/** Reads the body of a reply: undefined for none, the value for one, else several. */
export function readReply(body: Buffer): Read<RpcResult> {
  const reader = new RecordReader(body);
  const values: RpcValue[] = [];
  while (!reader.atEnd) {
    const read = reader.value();
    if (!read.ok) return read;
    values.push(read.value);
  }
  return { ok: true, value: values.length > 1 ? new RpcSeveral(values) : values[0] };
}

/** Reads the body of a fault. */
export function readFault(body: Buffer): Read<RpcFault> {
  const reader = new RecordReader(body);
  const code = reader.value();
  if (!code.ok) return code;
  const reason = reader.value();
  if (!reason.ok) return reason;
  if (typeof code.value !== 'number' || typeof reason.value !== 'string')
    return { ok: false, code: 'BINRPC_RECORD', reason: 'a fault is a number and a text' };
  return { ok: true, value: new RpcFault(code.value, reason.value) };
}

/** Cuts a stream into packets. */
export class PacketStream {
  private pending: Buffer[] = [];
  private have = 0;
  private readonly limit: number;

  /** @param limit most bytes of a body */
  constructor(limit: number) {
    this.limit = limit;
  }

  /** True when a packet has begun and is not complete. */
  get partial(): boolean {
    return this.have > 0;
  }

  add(bytes: Buffer): void {
    this.pending.push(bytes);
    this.have += bytes.length;
  }

  /** @returns the next packet, null when more bytes are needed, or what is wrong: the stream cannot be read on then */
  next(): (Read<Packet> & { readonly cookie?: Buffer }) | null {
    if (this.have === 0) return null;
    // The head has ten bytes at most.
    if (this.pending.length > 1 && (this.pending[0] as Buffer).length < 10) this.join();
    const head = readHead(this.pending[0] as Buffer);
    if (head === null || !head.ok) return head;
    const { headLength, bodyLength, type, cookie } = head.value;
    if (bodyLength > this.limit) {
      const code: BinrpcErrorCode = 'BINRPC_TOO_LARGE';
      return { ok: false, code, reason: `packet of ${bodyLength} bytes, ${this.limit} are taken`, cookie };
    }
    const length = headLength + bodyLength;
    if (this.have < length) return null;
    this.join();
    const all = this.pending[0] as Buffer;
    this.have -= length;
    this.pending = this.have > 0 ? [all.subarray(length)] : [];
    return { ok: true, value: { type, cookie, body: all.subarray(headLength, length) } };
  }

  private join(): void {
    if (this.pending.length > 1) this.pending = [Buffer.concat(this.pending)];
  }
}
