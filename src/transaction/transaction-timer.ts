import { Timer, type TimerWheel } from '../time/timer-wheel.ts';

/** In the place of a time: the timer does not run. */
const STOPPED = -1;

/**
 * A transaction's two timers as one entry of the wheel: the entry runs for whichever is due first. Restarting a timer within one
 * event is thereby just a number, the wheel is touched once at the end of the event.
 */
export abstract class TransactionTimer extends Timer {
  protected readonly wheel: TimerWheel;
  /** Clock times in whole ms, which take no object of their own, or {@link STOPPED}. */
  private retransmitAt = STOPPED;
  private endStateAt = STOPPED;
  /** The retransmission timer's last interval in ms. */
  private interval = 0;

  constructor(wheel: TimerWheel) {
    super();
    this.wheel = wheel;
  }

  retransmitIn(ms: number): void {
    this.interval = ms;
    this.retransmitAt = Math.ceil(this.wheel.clock.now() + ms);
  }

  stopRetransmitting(): void {
    this.retransmitAt = STOPPED;
  }

  endStateIn(ms: number): void {
    this.endStateAt = Math.ceil(this.wheel.clock.now() + ms);
  }

  override fire(now: number): void {
    // When both are due the state's end comes first: a request is not repeated in the moment it times out.
    if (this.endStateAt !== STOPPED && this.endStateAt <= now) {
      this.endStateAt = STOPPED;
      this.onEndState();
    } else if (this.retransmitAt !== STOPPED && this.retransmitAt <= now) {
      this.retransmitAt = STOPPED;
      this.onRetransmit(this.interval);
    } else this.armTimer();
  }

  /** Brings the wheel's entry in line with the two timers; called at the end of each event. */
  protected armTimer(): void {
    const { retransmitAt, endStateAt } = this;
    const retransmitsFirst = endStateAt === STOPPED || (retransmitAt !== STOPPED && retransmitAt < endStateAt);
    const at = retransmitsFirst ? retransmitAt : endStateAt;
    if (at === STOPPED) this.wheel.stop(this);
    // An entry that runs too early only comes back here; moving it for each restart would cost more.
    else if (!this.armed || at < this.due) this.wheel.start(this, at - this.wheel.clock.now());
  }

  /** Stops both timers for good. */
  protected disarmTimer(): void {
    this.retransmitAt = STOPPED;
    this.endStateAt = STOPPED;
    this.wheel.stop(this);
  }

  /** The timer that ends the state is due. */
  protected abstract onEndState(): void;
  /** The retransmission timer is due. @param interval its last interval in ms */
  protected abstract onRetransmit(interval: number): void;
}
