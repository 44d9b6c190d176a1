/** Bytes of long replies that are held for those who have not read them yet, before another one is drawn. */
const MOST = 64 * 1024 * 1024;

/**
 * The room for long replies of a process. A reply's head names its length, so it has to be drawn to its end before its first byte leaves, and is held
 * until its reader has taken it. Long ones are therefore drawn one at a time, and only while less than the bound is held: what is
 * held is never more than the bound and one reply, however many ask and do not read.
 */
export class ReplyRoom {
  private readonly most: number;
  private held = 0;
  private drawing = false;
  private readonly queue: (() => void)[] = [];

  /** @param most bytes */
  constructor(most = MOST) {
    this.most = most;
  }

  /** Replies that wait to be drawn. */
  get waiting(): number {
    return this.queue.length;
  }

  /** Bytes of finished replies that are held. */
  get size(): number {
    return this.held;
  }

  /** Waits for its turn to draw a long reply, in the order of asking. It ends with {@link drawn}. */
  async enter(): Promise<void> {
    if (this.drawing || this.held >= this.most || this.queue.length > 0)
      await new Promise<void>((resolve) => this.queue.push(resolve));
    // Who comes from the queue finds it set: nobody may slip in between.
    this.drawing = true;
  }

  /** A long reply has been drawn, or its drawing has failed. @param bytes that are held from now on */
  drawn(bytes: number): void {
    this.drawing = false;
    this.held += bytes;
    this.next();
  }

  /** A long reply was read, or nobody will. */
  give(bytes: number): void {
    this.held -= bytes;
    this.next();
  }

  private next(): void {
    if (this.drawing || this.held >= this.most) return;
    const first = this.queue.shift();
    if (first === undefined) return;
    this.drawing = true;
    first();
  }
}

/** The room of this process. */
export const replyRoom = new ReplyRoom();
