import { StorageError } from './errors.ts';

/** One statement under way, as its adapter sees it. */
export interface Call {
  /** What is done when it is given up: time over, database closed. Set as soon as there is something to give up. */
  abandon: () => void;
  /** True once it was given up; nothing of it is wanted any more. */
  readonly over: boolean;
  /** Stops the clock: the caller is at work, not the database. */
  pause(): void;
  /** Starts the clock anew. */
  resume(): void;
}

/** The statements under way of one database: each settles in its time, all of them when the database is closed. */
export class Calls {
  private readonly name: string;
  private readonly timeout: number;
  private readonly open = new Set<(error: StorageError) => void>();
  private ended = false;

  /**
   * @param name the database, for messages
   * @param timeout milliseconds that one may take
   */
  constructor(name: string, timeout: number) {
    this.name = name;
    this.timeout = timeout;
  }

  get closed(): boolean {
    return this.ended;
  }

  /** Runs one. @throws StorageError STORAGE_TIMEOUT, STORAGE_CLOSED, and what `work` throws */
  run<T>(work: (call: Call) => Promise<T>): Promise<T> {
    if (this.ended) return Promise.reject(this.closedError());
    return new Promise<T>((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      let over = false;
      const settle = (): void => {
        over = true;
        clearTimeout(timer);
        this.open.delete(give);
      };
      const give = (error: StorageError): void => {
        if (over) return;
        settle();
        call.abandon();
        reject(error);
      };
      const expire = (): void => {
        const text = `${this.name} did not answer within ${this.timeout} ms`;
        give(new StorageError('STORAGE_TIMEOUT', text));
      };
      const call: Call = {
        abandon: () => {},
        get over() {
          return over;
        },
        pause: () => clearTimeout(timer),
        resume: () => {
          clearTimeout(timer);
          if (!over) timer = setTimeout(expire, this.timeout);
        },
      };
      this.open.add(give);
      call.resume();
      work(call).then(
        (value) => {
          if (over) return;
          settle();
          resolve(value);
        },
        (error: unknown) => {
          if (over) return;
          settle();
          reject(error);
        },
      );
    });
  }

  /** Gives up what is under way; nothing new is taken. */
  close(): void {
    this.ended = true;
    for (const give of [...this.open]) give(this.closedError());
  }

  private closedError(): StorageError {
    return new StorageError('STORAGE_CLOSED', `${this.name} was closed`);
  }
}
