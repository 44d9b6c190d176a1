import { setImmediate } from 'node:timers/promises';
import type { RpcErrorCode } from '../errors.ts';
import { RpcArguments, RpcFault } from '../method.ts';
import type { RpcRegistry } from '../registry.ts';
import { codeOf, UNPRINTABLE } from '../unprintable.ts';
import { type RpcResult, RpcSeveral } from '../value.ts';
import type { BinrpcErrorCode } from './errors.ts';
import { faultPacket, PACKET_REPLY, PACKET_REQUEST, type Packet, packetHead, readRequest } from './packet.ts';
import type { ReplyRoom } from './reply-room.ts';
import { LONG, RecordWriter } from './writer.ts';

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
  /** Where long replies wait for their turn, and count until they are read. */
  readonly room: ReplyRoom;
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
    const { body, held } = await printResult(result, answering);
    const release = (): void => {
      body.release();
      if (held > 0) answering.room.give(held);
    };
    return { pieces: [packetHead(PACKET_REPLY, cookie, body.length), ...body.chunks()], release };
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
async function printResult(
  result: RpcResult,
  { maxReply, room }: Answering,
): Promise<{ readonly body: RecordWriter; readonly held: number }> {
  const body = new RecordWriter(undefined, printable);
  let entered = false;
  try {
    if (result instanceof RpcSeveral)
      await printSeveral(body, result, maxReply, async () => {
        await room.enter();
        entered = true;
      });
    else if (result !== undefined) {
      body.value(result);
      guard(body, maxReply);
    }
    const held = entered ? body.length : 0;
    if (entered) room.drawn(held);
    return { body, held };
  } catch (error) {
    body.release();
    if (entered) room.drawn(0);
    throw error;
  }
}

/** @param enter waits for the turn of a long reply, once it has become one */
async function printSeveral(
  body: RecordWriter,
  result: RpcSeveral,
  limit: number,
  enter: () => Promise<void>,
): Promise<void> {
  let long = false;
  let until = performance.now() + SLICE;
  let count = 0;
  for (const value of result.values) {
    body.value(value);
    guard(body, limit);
    if (!long && body.length > LONG) {
      long = true;
      await enter();
      until = performance.now() + SLICE;
    }
    if (++count % LOOK_EVERY !== 0 || performance.now() < until) continue;
    await setImmediate();
    until = performance.now() + SLICE;
  }
}

/** kamcmd prints texts as they come. Tabs and line ends stay; a CR alone would write over the line. */
function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character, offset: number) => {
    const stays = character === '\t' || character === '\n' || (character === '\r' && text[offset + 1] === '\n');
    return stays ? character : codeOf(character);
  });
}

/** Kamailio's words for a reply that does not fit. */
function guard(body: RecordWriter, limit: number): void {
  if (body.length > limit) throw new RpcFault(500, 'Internal server error: reply too large (overflow)');
}
