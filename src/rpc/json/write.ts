import type { Writable } from 'node:stream';
import { slices } from './slices.ts';

/** Milliseconds that a reader may take nothing before it is given up. */
export const READER_PATIENCE = 10_000;

/**
 * Writes a reply slice by slice, no faster than its reader reads, and ends the stream.
 * @throws Error when the reader is gone or does not read, or the pieces fail; the stream is destroyed then
 */
export async function writeReply(
  stream: Writable,
  pieces: Iterable<string>,
  patience: number = READER_PATIENCE,
): Promise<void> {
  const failure = new Promise<never>((_, reject) => {
    stream.once('error', reject);
    stream.once('close', () => reject(new Error('the reader is gone')));
  });
  failure.catch(() => {}); // whoever waits for it gets it
  try {
    for await (const slice of slices(pieces)) {
      if (stream.destroyed) throw new Error('the reader is gone');
      if (!stream.write(slice)) await within(patience, failure, (done) => stream.once('drain', done));
    }
    await within(patience, failure, (done) => stream.end(done));
  } catch (error) {
    stream.destroy();
    throw error;
  }
}

async function within(patience: number, failure: Promise<never>, wait: (done: () => void) => void): Promise<void> {
  let late: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    late = setTimeout(() => reject(new Error('the reader does not read')), patience);
  });
  try {
    await Promise.race([failure, timeout, new Promise<void>((resolve) => wait(resolve))]);
  } finally {
    clearTimeout(late);
  }
}
