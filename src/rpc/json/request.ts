import type { RpcArgument } from '../method.ts';

/** What names a call for its caller; an absent one asks for no name in the reply. */
export type JsonId = string | number | null;

/** Why a request was not acted upon. */
export interface JsonRefusal {
  readonly code: number;
  readonly message: string;
  /** null when it could not be read (JSON-RPC 2.0 §5). */
  readonly id: JsonId | undefined;
}

/** One call to make. */
export interface JsonCall {
  readonly method: string;
  readonly args: readonly RpcArgument[];
  readonly id: JsonId | undefined;
}

/** A text from a client. */
export interface JsonRequest {
  readonly calls: readonly (JsonCall | JsonRefusal)[];
  /** True when they came as an array (JSON-RPC 2.0 §6); the original knows none. */
  readonly batch: boolean;
  /** Kamailio's `reply_name`: FIFO that takes the reply; '' when there is none. */
  readonly replyName: string;
}

/** Most calls of a batch: what is as short as `1` in a request has a reply of a hundred characters. */
const MAX_BATCH = 1000;

/** JSON-RPC 2.0 §5.1 */
export const PARSE_ERROR = -32700;
export const INVALID_REQUEST = -32600;

/** Kamailio's own. */
export const INVALID_PARAMETERS = 400;
export const METHOD_NOT_FOUND: { readonly code: number; readonly message: string } = {
  code: 500,
  message: 'Method Not Found',
};

export function isRefusal(item: JsonCall | JsonRefusal): item is JsonRefusal {
  return 'code' in item;
}

/**
 * Reads a request, or a batch of them. Parameters count by their place: those of an object are taken in its order, whatever their names
 * (README of jsonrpcs, §6). A number without fraction is an int, as in Kamailio.
 * @param text JSON, UTF-8 decoded
 */
export function parseJsonRequest(text: string): JsonRequest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return single({ code: PARSE_ERROR, message: 'Parse error', id: null });
  }
  if (!Array.isArray(value)) return { ...single(readCall(value)), replyName: member(value, 'reply_name') };
  // §6: an empty array is no batch, and gets one error.
  if (value.length === 0) return single(invalid(null));
  if (value.length > MAX_BATCH)
    return single({ code: INVALID_REQUEST, message: `Batch of more than ${MAX_BATCH} requests`, id: null });
  return { calls: value.map(readCall), batch: true, replyName: member(value[0], 'reply_name') };
}

function single(item: JsonCall | JsonRefusal): JsonRequest {
  return { calls: [item], batch: false, replyName: '' };
}

function invalid(id: JsonId | undefined): JsonRefusal {
  return { code: INVALID_REQUEST, message: 'Invalid Request', id };
}

function member(value: unknown, name: string): string {
  const found = isRecord(value) ? value[name] : undefined;
  return typeof found === 'string' ? found : '';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readCall(value: unknown): JsonCall | JsonRefusal {
  if (!isRecord(value)) return invalid(null);
  const { jsonrpc, method, params, id } = value;
  if (id !== undefined && id !== null && typeof id !== 'string' && typeof id !== 'number') return invalid(null);
  // The original answers these with an empty result and does nothing, which looks like a success.
  if (jsonrpc !== '2.0' || typeof method !== 'string' || method === '') return invalid(id);
  const given =
    params === undefined ? [] : Array.isArray(params) ? params : isRecord(params) ? Object.values(params) : null;
  if (given === null) return invalid(id);
  const args: RpcArgument[] = [];
  for (const one of given) {
    const arg = readArgument(one);
    // No command takes a boolean, null or a structure; the original stops reading there and runs the command with what it has.
    if (arg === null) return { code: INVALID_PARAMETERS, message: 'Invalid Parameters', id };
    args.push(arg);
  }
  return { method, args, id };
}

function readArgument(value: unknown): RpcArgument | null {
  if (typeof value === 'string') return { kind: 'string', value };
  if (typeof value !== 'number' || !Number.isFinite(value)) return null;
  return { kind: Number.isSafeInteger(value) ? 'int' : 'double', value };
}
