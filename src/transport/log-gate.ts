import type { Clock } from '../time/clock.ts';
import type { TransportLogger } from './options.ts';

/** Lines of one code that are let through in one second. */
const PER_SECOND = 20;

/**
 * Keeps strangers from filling the log: of one code, a number of lines a second pass; how many did not is said with the first line of a
 * later second. Counters miss nothing.
 */
export function gatedLogger(log: TransportLogger, clock: Clock): TransportLogger {
  const seen = new Map<string, { second: number; count: number }>();
  return (level, code, text) => {
    const second = Math.floor(clock.now() / 1000);
    const entry = seen.get(code);
    if (entry === undefined) {
      seen.set(code, { second, count: 1 });
    } else if (entry.second !== second) {
      const missed = entry.count - PER_SECOND;
      entry.second = second;
      entry.count = 1;
      if (missed > 0) log(level, code, `${missed} more lines like the next one were left out`);
    } else if (++entry.count > PER_SECOND) {
      return;
    }
    log(level, code, text);
  };
}
