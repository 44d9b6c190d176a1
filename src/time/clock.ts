/** Time as everything below the server sees it: real in production, moved by hand in tests. */
export interface Clock {
  /** Monotonic milliseconds, for timers and durations. */
  now(): number;
  /** Wall-clock milliseconds since 1970, for dates shown to people and protocols. */
  wall(): number;
  /**
   * Stops {@link now} until {@link goOn}, for the time in which one event is handled: all that follows from it at once has one time, which
   * is read once. Whoever stopped it lets it go on before the event loop does. A clock need not have this.
   * @returns false when it stood already; then it is somebody else's to let go on
   */
  standStill?(): boolean;
  goOn?(): void;
}

/** The process's clock. */
class ProcessClock implements Clock {
  private standing = -1;

  now(): number {
    return this.standing < 0 ? performance.now() : this.standing;
  }

  wall(): number {
    return Date.now();
  }

  standStill(): boolean {
    if (this.standing >= 0) return false;
    this.standing = performance.now();
    return true;
  }

  goOn(): void {
    this.standing = -1;
  }
}

export const realClock: Clock = new ProcessClock();
