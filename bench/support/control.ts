import { connect } from 'node:net';
import { PACKET_FAULT, readHead, requestPacket } from '../../src/rpc/binrpc/packet.ts';
import type { RpcArgument } from '../../src/rpc/method.ts';

/** How one command went. */
export interface CommandTime {
  /** Milliseconds until the first byte of the answer, and until its last. */
  readonly first: number;
  readonly whole: number;
  readonly bytes: number;
  readonly fault: boolean;
}

/**
 * Calls one command over a BINRPC stream socket and looks at nothing of the answer but its length.
 * @param path of the Unix socket
 * @throws Error when it is closed before the answer is complete
 */
export function timedCommand(path: string, method: string, words: readonly string[] = []): Promise<CommandTime> {
  const args = words.map((value): RpcArgument => ({ kind: 'string', value }));
  return new Promise((resolve, reject) => {
    const start = performance.now();
    let first = 0;
    let bytes = 0;
    let total = -1;
    let fault = false;
    let early = Buffer.alloc(0);
    const socket = connect(path, () => socket.write(requestPacket(Buffer.from([1, 2, 3, 4]), method, args)));
    socket.on('data', (data) => {
      if (bytes === 0) first = performance.now() - start;
      bytes += data.length;
      if (total < 0) {
        early = Buffer.concat([early, data]);
        const head = readHead(early);
        if (head === null) return;
        if (!head.ok) {
          socket.destroy(new Error(head.reason));
          return;
        }
        fault = head.value.type === PACKET_FAULT;
        total = head.value.headLength + head.value.bodyLength;
      }
      if (bytes < total) return;
      resolve({ first, whole: performance.now() - start, bytes, fault });
      socket.destroy();
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`${method}: closed after ${bytes} bytes`)));
  });
}
