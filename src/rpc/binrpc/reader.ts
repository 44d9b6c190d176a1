/** Records of BINRPC, read. Nothing here throws: what cannot be read is an error value. */
import { RpcArray, RpcDouble, RpcStruct, type RpcValue } from '../value.ts';
import type { BinrpcErrorCode } from './errors.ts';
import { FLAG, TYPE_ARRAY, TYPE_BYTES, TYPE_DOUBLE, TYPE_INT, TYPE_NAME, TYPE_STRING, TYPE_STRUCT } from './writer.ts';

/** Structs in structs are followed this deep. */
const MAX_DEPTH = 64;

/** Why something cannot be read. */
export interface ReadProblem {
  readonly ok: false;
  readonly code: BinrpcErrorCode;
  /** In Kamailio's words where it has some: faults carry it. */
  readonly reason: string;
}

/** A result, or why there is none. */
export type Read<T> = { readonly ok: true; readonly value: T } | ReadProblem;

const SHORT: ReadProblem = { ok: false, code: 'BINRPC_RECORD', reason: 'more data needed' };
const END: ReadProblem = { ok: false, code: 'BINRPC_RECORD', reason: 'end of packet encountered' };
const MISMATCH: ReadProblem = { ok: false, code: 'BINRPC_RECORD', reason: "record doesn't match type" };
const DEEP: ReadProblem = { ok: false, code: 'BINRPC_RECORD', reason: 'structs too deep' };

/** Reads the records of one body, in order. */
export class RecordReader {
  private readonly bytes: Buffer;
  private at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get atEnd(): boolean {
    return this.at >= this.bytes.length;
  }

  /** The next value, whatever it is. */
  value(): Read<RpcValue> {
    return this.read(0);
  }

  private read(depth: number): Read<RpcValue> {
    const head = this.bytes[this.at];
    if (head === undefined) return END;
    const type = head & 0x0f;
    if (type === TYPE_STRUCT || type === TYPE_ARRAY) {
      if (head !== type) return MISMATCH;
      this.at++;
      return depth >= MAX_DEPTH ? DEEP : this.container(type, depth + 1);
    }
    if (type === TYPE_NAME) return MISMATCH;
    const data = this.data(head);
    if (!data.ok) return data;
    return scalar(type, data.value);
  }

  /** Bytes of the record whose head is next. */
  private data(head: number): Read<Buffer> {
    let start = this.at + 1;
    const size = (head >> 4) & 0x07;
    let length = size;
    if ((head & 0x0f) === TYPE_DOUBLE) length = head >> 4;
    else if ((head & FLAG) !== 0) {
      if (start + size > this.bytes.length) return SHORT;
      length = 0;
      for (let i = 0; i < size; i++) length = length * 256 + (this.bytes[start++] as number);
    }
    if (length > this.bytes.length - start) return SHORT;
    this.at = start + length;
    return { ok: true, value: this.bytes.subarray(start, start + length) };
  }

  /** Members up to the end mark. Values without a name are the items of an array, as Kamailio sends them. */
  private container(type: number, depth: number): Read<RpcValue> {
    const members: (readonly [string, RpcValue])[] = [];
    let named = type === TYPE_STRUCT;
    for (;;) {
      const head = this.bytes[this.at];
      if (head === undefined) return SHORT;
      if (head === (type | FLAG)) {
        this.at++;
        const value = named ? new RpcStruct(members) : new RpcArray(members.map(([, item]) => item));
        return { ok: true, value };
      }
      let name = '';
      if ((head & 0x0f) === TYPE_NAME) {
        const data = this.data(head);
        if (!data.ok) return data;
        name = text(data.value);
      } else if (members.length === 0) named = false;
      const value = this.read(depth);
      if (!value.ok) return value;
      members.push([name, value.value]);
    }
  }
}

function scalar(type: number, data: Buffer): Read<RpcValue> {
  switch (type) {
    case TYPE_INT: {
      // Kamailio reads any number of bytes into 32 bits: the last four count.
      let value = 0;
      for (const byte of data) value = (value << 8) | byte;
      return { ok: true, value };
    }
    case TYPE_DOUBLE: {
      if (data.length > 8) return MISMATCH;
      let bits = 0n;
      for (const byte of data) bits = (bits << 8n) | BigInt(byte);
      const signed = BigInt.asIntN(64, bits);
      const whole = Number(signed / 1000n);
      const value = Number.isSafeInteger(Number(signed)) ? Number(signed) / 1000 : whole;
      return { ok: true, value: new RpcDouble(value) };
    }
    case TYPE_STRING:
      return { ok: true, value: text(data) };
    case TYPE_BYTES:
      return { ok: true, value: data.toString('utf8') };
    default:
      return MISMATCH;
  }
}

/** A text without its closing NUL, which is not missed when it is not there. */
function text(data: Buffer): string {
  const end = data.at(-1) === 0 ? data.length - 1 : data.length;
  return data.toString('utf8', 0, end);
}
