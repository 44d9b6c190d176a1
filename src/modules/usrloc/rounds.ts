import type { Binding } from '../../registrar/binding.ts';
import type { TimerWheel } from '../../time/timer-wheel.ts';
import { Timer } from '../../time/timer-wheel.ts';
import type { Location, LocationTable } from './location.ts';

/** Milliseconds between two turns; each visits its share. */
const TURN = 50;
/** Contacts of one turn at most: what does not fit makes the round longer. */
const MOST = 500;

/** Visits every contact again and again, spread over the time of a round. */
export class ContactRounds extends Timer {
  private readonly wheel: TimerWheel;
  private readonly location: Location;
  private readonly interval: number;
  private readonly visit: (table: LocationTable, binding: Binding) => void;
  private rest: Iterator<readonly [LocationTable, Binding]> | null = null;
  private share = 1;
  private roundEnd = 0;

  /**
   * @param interval milliseconds of a round
   * @param visit called for each contact, those included that have ended and are not swept yet
   */
  constructor(
    wheel: TimerWheel,
    location: Location,
    interval: number,
    visit: (table: LocationTable, binding: Binding) => void,
  ) {
    super();
    this.wheel = wheel;
    this.location = location;
    this.interval = interval;
    this.visit = visit;
  }

  begin(): void {
    this.wheel.start(this, this.interval);
  }

  end(): void {
    this.wheel.stop(this);
    this.rest = null;
  }

  override fire(now: number): void {
    const { wheel, interval } = this;
    if (this.rest === null) {
      this.roundEnd = now + interval;
      this.rest = this.all();
      let total = 0;
      for (const { bindings } of this.location.all()) total += bindings.contacts;
      this.share = Math.min(Math.max(Math.ceil((total * TURN) / interval), 1), MOST);
    }
    for (let n = 0; n < this.share; n++) {
      const next = this.rest.next();
      if (next.done === true) {
        this.rest = null;
        wheel.start(this, Math.max(this.roundEnd - now, TURN));
        return;
      }
      this.visit(...next.value);
    }
    wheel.start(this, TURN);
  }

  private *all(): Iterator<readonly [LocationTable, Binding]> {
    for (const table of this.location.all()) for (const binding of table.bindings.every()) yield [table, binding];
  }
}
