/**
 * Records of BINRPC, printed. A record is a head byte (flag 0x80, three bits of size, four bits of type) and a value; with the flag the
 * size says how many bytes of length come before the value. Source: the protocol as kamcmd 1.5 and Kamailio 5.6.3 speak it on the wire.
 */
import { RpcArray, RpcDouble, RpcMembers, RpcStruct, type RpcValue } from '../value.ts';
import { BLOCK, blocks } from './blocks.ts';

/** Record types. */
export const TYPE_INT = 0;
export const TYPE_STRING = 1;
export const TYPE_DOUBLE = 2;
export const TYPE_STRUCT = 3;
export const TYPE_ARRAY = 4;
export const TYPE_NAME = 5;
export const TYPE_BYTES = 6;

/** Set in the head of a struct's or array's end, and where a length of its own follows. */
export const FLAG = 0x80;

/** How Kamailio prints a text that is not there. */
export const NULL_TEXT = '<null string>';

const CHUNK = 64 * 1024;
/** Bytes from which on a reply is long, and is written into blocks that are used again. */
export const LONG = 4 * CHUNK;
/** Characters up to which writing them one by one is faster than asking the buffer. */
const SHORT = 48;
const MAX_INT64 = 2n ** 63n - 1n;
const MIN_INT64 = -(2n ** 63n);

/** Thousandths of a number, as far as 64 bits reach. */
function thousandths(value: number): bigint {
  if (Number.isNaN(value)) return 0n;
  if (!Number.isFinite(value)) return value > 0 ? MAX_INT64 : MIN_INT64;
  // A whole number must not lose digits by the multiplication.
  const scaled = Number.isInteger(value) ? BigInt(value) * 1000n : BigInt(Math.round(value * 1000));
  return scaled > MAX_INT64 ? MAX_INT64 : scaled < MIN_INT64 ? MIN_INT64 : scaled;
}

/** Writes records into a list of buffers, so that a large reply needs no large block of memory and no copying. */
export class RecordWriter {
  private readonly full: Buffer[] = [];
  private current: Buffer;
  private at = 0;
  private before = 0;

  private readonly filter: (text: string) => string;
  private readonly borrowed: Buffer[] = [];

  /**
   * @param first bytes of the first buffer; later ones are larger
   * @param filter what texts go through before they are written; it has to leave printable ASCII as it is
   */
  constructor(first = 1024, filter: (text: string) => string = (text) => text) {
    this.current = Buffer.allocUnsafe(first);
    this.filter = filter;
  }

  /** Bytes written so far. */
  get length(): number {
    return this.before + this.at;
  }

  /** What was written, in order. */
  chunks(): readonly Buffer[] {
    return [...this.full, this.current.subarray(0, this.at)];
  }

  /** Gives borrowed memory back: what {@link chunks} gave must not be looked at any more. */
  release(): void {
    for (const block of this.borrowed) blocks.give(block);
    this.borrowed.length = 0;
    this.full.length = 0;
  }

  /** A 32-bit integer, two's complement, leading zero bytes left out. */
  int(value: number): void {
    this.room(5);
    const bits = value >>> 0;
    const size = bits === 0 ? 0 : bits < 0x100 ? 1 : bits < 0x10000 ? 2 : bits < 0x1000000 ? 3 : 4;
    this.current[this.at++] = size << 4;
    if (size > 0) this.at = this.current.writeUIntBE(bits, this.at, size);
  }

  /** A number with three decimals: int64 of thousandths. A negative one has eight bytes, and its size 8 fills the place of the flag. */
  double(value: number): void {
    this.room(9);
    const number = thousandths(value);
    const bits = BigInt.asUintN(64, number);
    let size = 0;
    for (let rest = bits; rest > 0n; rest >>= 8n) size++;
    // Eight bytes are read as two's complement: a positive number never needs them, int64 ends before.
    this.current[this.at++] = (size << 4) | TYPE_DOUBLE;
    for (let i = size - 1; i >= 0; i--) this.current[this.at++] = Number((bits >> BigInt(8 * i)) & 0xffn);
  }

  /** A text with its closing NUL. */
  string(text: string): void {
    this.text(text, TYPE_STRING);
  }

  /** Name of the struct member whose value comes next. */
  name(text: string): void {
    this.text(text, TYPE_NAME);
  }

  open(type: typeof TYPE_STRUCT | typeof TYPE_ARRAY): void {
    this.room(1);
    this.current[this.at++] = type;
  }

  close(type: typeof TYPE_STRUCT | typeof TYPE_ARRAY): void {
    this.room(1);
    this.current[this.at++] = type | FLAG;
  }

  /**
   * Any value of a result. Arrays are written as Kamailio's ctl writes them: as structs whose members have no names; kamcmd knows no better.
   */
  value(value: RpcValue): void {
    if (typeof value === 'number') {
      if (value === (value | 0)) this.int(value);
      else this.double(value);
    } else if (typeof value === 'string') this.string(value);
    else if (value === null) this.string(NULL_TEXT);
    else if (value instanceof RpcDouble) this.double(value.value);
    else if (value instanceof RpcStruct || value instanceof RpcMembers) {
      this.open(TYPE_STRUCT);
      const { members } = value;
      for (let i = 0; i < members.length; i++) {
        const member = members[i] as (typeof members)[number];
        this.name(member[0]);
        this.value(member[1]);
      }
      this.close(TYPE_STRUCT);
    } else if (value instanceof RpcArray) {
      this.open(TYPE_STRUCT);
      for (const item of value.items) this.value(item);
      this.close(TYPE_STRUCT);
    }
  }

  private text(unfiltered: string, type: number): void {
    if (unfiltered.length < SHORT && this.ascii(unfiltered, type)) return;
    const text = this.filter(unfiltered);
    const size = Buffer.byteLength(text) + 1;
    this.room(size + 5);
    // With the flag, 0 … 7 bytes of length; without it the size is the length.
    if (size < 8) this.current[this.at++] = (size << 4) | type;
    else {
      const bytes = size < 0x100 ? 1 : size < 0x10000 ? 2 : size < 0x1000000 ? 3 : 4;
      this.current[this.at++] = FLAG | (bytes << 4) | type;
      this.at = this.current.writeUIntBE(size, this.at, bytes);
    }
    this.at += this.current.write(text, this.at);
    this.current[this.at++] = 0;
  }

  /** Writes a short text of printable ASCII, as nearly all are. @returns false, with nothing written, when it is another */
  private ascii(text: string, type: number): boolean {
    const { length } = text;
    this.room(length + 6);
    const { current } = this;
    const long = length >= 7;
    let at = this.at + (long ? 2 : 1);
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code < 0x20 || code > 0x7e) return false;
      current[at++] = code;
    }
    current[at++] = 0;
    if (long) {
      current[this.at] = FLAG | 0x10 | type;
      current[this.at + 1] = length + 1;
    } else current[this.at] = ((length + 1) << 4) | type;
    this.at = at;
    return true;
  }

  private room(bytes: number): void {
    if (this.at + bytes <= this.current.length) return;
    if (this.at > 0) this.full.push(this.current.subarray(0, this.at));
    this.before += this.at;
    this.current = this.next(bytes);
    this.at = 0;
  }

  private next(bytes: number): Buffer {
    if (this.before < LONG || bytes > BLOCK) return Buffer.allocUnsafe(Math.max(CHUNK, bytes));
    const block = blocks.take();
    this.borrowed.push(block);
    return block;
  }
}
