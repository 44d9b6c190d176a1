/** Time as everything below the server sees it: real in production, moved by hand in tests. */
export interface Clock {
  /** Monotonic milliseconds, for timers and durations. */
  now(): number;
  /** Wall-clock milliseconds since 1970, for dates shown to people and protocols. */
  wall(): number;
}

/** The process's clock. */
export const realClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
};
