import { fromHere, runOccasion } from '../script/occasion.ts';
import type { Program } from '../script/program.ts';
import { Timer, type TimerWheel } from '../time/timer-wheel.ts';
import type { ListenSocket } from '../transport/transport.ts';

/** One timer_route block (OpenSIPS), run at its interval. A run that still waits for something does not hold back the next. */
class RouteTimer extends Timer {
  private readonly run: (now: number) => void;
  private readonly wheel: TimerWheel;
  private readonly interval: number;

  constructor(wheel: TimerWheel, interval: number, run: (now: number) => void) {
    super();
    this.wheel = wheel;
    this.interval = interval;
    this.run = run;
    wheel.start(this, interval);
  }

  override fire(now: number): void {
    this.wheel.start(this, this.interval);
    this.run(now);
  }
}

/**
 * Starts the timer routes of a program.
 * @returns stops them
 */
export function startRouteTimers(
  program: Program,
  timers: readonly { readonly route: string; readonly seconds: number }[],
  wheel: TimerWheel,
  sockets: readonly ListenSocket[],
): () => void {
  const running = timers
    .filter(({ seconds }) => seconds > 0)
    .map(
      ({ route, seconds }) =>
        new RouteTimer(
          wheel,
          seconds * 1000,
          (now) => void runOccasion(program, 'route', route, fromHere(sockets, now)),
        ),
    );
  return () => {
    for (const timer of running) wheel.stop(timer);
  };
}
