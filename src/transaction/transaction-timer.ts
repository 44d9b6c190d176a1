import { Timer, type TimerWheel } from '../time/timer-wheel.ts';

/**
 * A transaction's two timers as one entry of the wheel: the entry runs for whichever is due first. Restarting a timer within one
 * event is thereby just a number, the wheel is touched once at the end of the event.
 */
export abstract class TransactionTimer extends Timer {
  protected readonly wheel: TimerWheel;
  /** Clock times in ms, `Infinity` when the timer does not run. */
  private retransmitAt = Number.POSITIVE_INFINITY;
  private endStateAt = Number.POSITIVE_INFINITY;
  /** The retransmission timer's last interval in ms. */
  private interval = 0;

  constructor(wheel: TimerWheel) {
    super();
    this.wheel = wheel;
  }

  retransmitIn(ms: number): void {
    this.interval = ms;
    this.retransmitAt = this.wheel.clock.now() + ms;
  }

  stopRetransmitting(): void {
    this.retransmitAt = Number.POSITIVE_INFINITY;
  }

  endStateIn(ms: number): void {
    this.endStateAt = this.wheel.clock.now() + ms;
  }

  override fire(now: number): void {
    // When both are due the state's end comes first: a request is not repeated in the moment it times out.
    if (this.endStateAt <= now) {
      this.endStateAt = Number.POSITIVE_INFINITY;
      this.onEndState();
    } else if (this.retransmitAt <= now) {
      this.retransmitAt = Number.POSITIVE_INFINITY;
      this.onRetransmit(this.interval);
    } else this.armTimer();
  }

  /** Brings the wheel's entry in line with the two timers; called at the end of each event. */
  protected armTimer(): void {
    const at = Math.min(this.retransmitAt, this.endStateAt);
    if (at === Number.POSITIVE_INFINITY) this.wheel.stop(this);
    // An entry that runs too early only comes back here; moving it for each restart would cost more.
    else if (!this.armed || at < this.due) this.wheel.start(this, at - this.wheel.clock.now());
  }

  /** Stops both timers for good. */
  protected disarmTimer(): void {
    this.retransmitAt = Number.POSITIVE_INFINITY;
    this.endStateAt = Number.POSITIVE_INFINITY;
    this.wheel.stop(this);
  }

  /** The timer that ends the state is due. */
  protected abstract onEndState(): void;
  /** The retransmission timer is due. @param interval its last interval in ms */
  protected abstract onRetransmit(interval: number): void;
}
