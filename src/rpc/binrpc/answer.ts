import { setImmediate } from 'node:timers/promises';
import type { RpcErrorCode } from '../errors.ts';
import { RpcArguments, RpcFault } from '../method.ts';
import type { RpcRegistry } from '../registry.ts';
import { type RpcResult, RpcSeveral } from '../value.ts';
import type { BinrpcErrorCode } from './errors.ts';
import { faultPacket, PACKET_REPLY, PACKET_REQUEST, type Packet, packetHead, readRequest } from './packet.ts';
import { RecordWriter } from './writer.ts';

/** Milliseconds that the values of a result may be drawn for before the event loop gets a turn. */
const SLICE = 4;
/** Values between two looks at the clock. */
const LOOK_EVERY = 16;

/** What answering needs. */
export interface Answering {
  readonly commands: RpcRegistry;
  /** Numbers are taken for texts and the other way round. */
  readonly autoConversion: boolean;
  /** Most bytes of the body of a reply. */
  readonly maxReply: number;
  /** Told of what went wrong in a command. */
  readonly report: (code: BinrpcErrorCode | RpcErrorCode, text: string) => void;
}

/** What is sent back. */
export interface Reply {
  readonly pieces: readonly Buffer[];
  /** Has to be called once the pieces are sent, or will not be: their memory is used again. */
  release(): void;
}

function inOnePiece(bytes: Buffer): Reply {
  return { pieces: [bytes], release() {} };
}

/**
 * Runs the command of a packet.
 * @returns the reply or fault; never rejects
 */
export async function answer(packet: Packet, answering: Answering): Promise<Reply> {
  const { cookie } = packet;
  if (packet.type !== PACKET_REQUEST) return inOnePiece(faultPacket(cookie, 400, 'bad request: corrupted packet'));
  const request = readRequest(packet.body);
  if (!request.ok) return inOnePiece(faultPacket(cookie, 400, request.reason));
  const { method, args } = request.value;
  try {
    const result = await answering.commands.call(method, new RpcArguments(args, answering.autoConversion));
    const body = await printResult(result, answering.maxReply);
    return { pieces: [packetHead(PACKET_REPLY, cookie, body.length), ...body.chunks()], release: () => body.release() };
  } catch (error) {
    if (error instanceof RpcFault) return inOnePiece(faultPacket(cookie, error.code, error.message));
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    answering.report('RPC_COMMAND_FAILED', `${method}: ${text}`);
    return inOnePiece(faultPacket(cookie, 500, 'Internal server error'));
  }
}

/**
 * Prints a result; a long one in slices, so that calls go on meanwhile.
 * @throws RpcFault 500 when it is larger than what may be sent
 */
async function printResult(result: RpcResult, limit: number): Promise<RecordWriter> {
  const body = new RecordWriter(undefined, printable);
  try {
    await printInto(body, result, limit);
    return body;
  } catch (error) {
    body.release();
    throw error;
  }
}

async function printInto(body: RecordWriter, result: RpcResult, limit: number): Promise<void> {
  if (result === undefined) return;
  if (!(result instanceof RpcSeveral)) {
    body.value(result);
    guard(body, limit);
    return;
  }
  let until = performance.now() + SLICE;
  let count = 0;
  for (const value of result.values) {
    body.value(value);
    guard(body, limit);
    if (++count % LOOK_EVERY !== 0 || performance.now() < until) continue;
    await setImmediate();
    until = performance.now() + SLICE;
  }
}

/** Control characters but for tab and line ends, C1 and the marks that turn the direction of writing among them. */
const CONTROLS = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/;

/** kamcmd prints texts as they come, and much of them came from the network: no caller may write to an operator's terminal. */
function printable(text: string): string {
  if (!CONTROLS.test(text)) return text;
  return text.replace(new RegExp(CONTROLS, 'g'), (character) => {
    const code = character.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`;
  });
}

/** Kamailio's words for a reply that does not fit. */
function guard(body: RecordWriter, limit: number): void {
  if (body.length > limit) throw new RpcFault(500, 'Internal server error: reply too large (overflow)');
}
