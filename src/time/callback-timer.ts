import { Timer } from './timer-wheel.ts';

/** A timer that calls a function, for the few owners that have several timers or no class of their own. */
export class CallbackTimer extends Timer {
  private readonly callback: (now: number) => void;

  /** @param callback called with the clock's time in ms whenever it is due */
  constructor(callback: (now: number) => void) {
    super();
    this.callback = callback;
  }

  override fire(now: number): void {
    this.callback(now);
  }
}
