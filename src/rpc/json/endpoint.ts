import { chown } from 'node:fs/promises';
import type { RpcErrorCode } from '../errors.ts';
import type { JsonRpcErrorCode } from './errors.ts';
import type { JsonRpcServer } from './server.ts';

/** Told what an open socket meets. */
export type JsonReport = (code: JsonRpcErrorCode | RpcErrorCode, text: string) => void;

/** Who answers, and who is told; a reloaded configuration brings others while the socket stays open. */
export interface JsonService {
  readonly rpc: JsonRpcServer;
  readonly report: JsonReport;
}

/** An open socket or FIFO. */
export interface JsonEndpoint {
  service: JsonService;
  close(): Promise<void>;
}

/** Characters of the largest request. */
export const MAX_REQUEST = 1 << 20;

/** An error as one line. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whose a FIFO or a socket is to be; null: whose it is. */
export interface FileOwner {
  readonly uid: number | null;
  readonly gid: number | null;
}

/** Gives a file that this server made to somebody. @throws the system's error */
export async function giveFile(path: string, { uid, gid }: FileOwner): Promise<void> {
  // -1: leave it (chown(2))
  if (uid !== null || gid !== null) await chown(path, uid ?? -1, gid ?? -1);
}
