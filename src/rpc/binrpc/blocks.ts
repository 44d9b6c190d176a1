/** Bytes of one block. */
export const BLOCK = 1 << 20;
/** Milliseconds after which blocks that nobody needed are let go. */
const UNUSED = 3_600_000;

/**
 * Memory for long replies, in blocks that are used again. It is shared memory, though nobody shares it: ordinary buffers count towards the heap's limit,
 * so that a reply of hundreds of megabytes would bring one full collection after another, each of which holds up calls where
 * the heap is large.
 */
export class BlockPool {
  private readonly free: Buffer[] = [];
  private usedAt = 0;

  /** @returns a block with anything in it */
  take(): Buffer {
    this.usedAt = performance.now();
    return this.free.pop() ?? Buffer.from(new SharedArrayBuffer(BLOCK));
  }

  /** Takes a block back that {@link take} gave, once; nothing may look at it any more. */
  give(block: Buffer): void {
    const now = performance.now();
    if (now - this.usedAt > UNUSED) this.free.length = 0;
    this.usedAt = now;
    this.free.push(block);
  }

  /** Blocks that lie ready. */
  get size(): number {
    return this.free.length;
  }
}

/** The blocks of this process. */
export const blocks = new BlockPool();
