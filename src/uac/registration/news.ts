import type { RegistrationNews, RegistrationStateName, RegistrationView } from './engine.ts';
import type { Registration } from './registration.ts';

/** States that an account stays in; the others are steps on the way from one of these to the next. */
const SETTLED: ReadonlySet<RegistrationStateName> = new Set([
  'registered',
  'retrying',
  'rejected',
  'disabled',
  'unregistered',
  'idle',
  'faulty',
]);

/** Settled states that are failures: another status is news there. */
const FAILED: ReadonlySet<RegistrationStateName> = new Set(['retrying', 'rejected', 'faulty']);

/** What was told of an account last. */
export interface Told {
  toldState: RegistrationStateName;
  /** Status of a state that is a failure, else 0. */
  toldCode: number;
}

/**
 * Whether a change is worth telling; a refresh that succeeds is not, nor a failure like the one before.
 * @param told what was told last
 * @param code status of the last final answer
 */
export function isNews(told: Readonly<Told>, state: RegistrationStateName, code: number): boolean {
  if (!SETTLED.has(state)) return false;
  return told.toldState !== state || (FAILED.has(state) && told.toldCode !== code);
}

/** Keeps in mind what was told just now. The status counts in failures only. */
export function keepTold(told: Told, { state, code }: Pick<RegistrationNews, 'state' | 'code'>): void {
  told.toldState = state;
  told.toldCode = FAILED.has(state) ? code : 0;
}

/** One change as it is told. The view, with its thirty fields, is made when somebody looks at it. */
export class News implements RegistrationNews {
  readonly proxy: string;
  readonly old: RegistrationStateName;
  readonly from: RegistrationStateName;
  readonly state: RegistrationStateName;
  readonly code: number;
  readonly reason: string;
  private readonly view: () => RegistrationView;
  private made: RegistrationView | null = null;

  constructor(record: Registration, from: RegistrationStateName, view: () => RegistrationView) {
    this.proxy = record.account.proxy;
    this.old = record.toldState;
    this.from = from;
    this.state = record.state.name;
    this.code = record.lastCode;
    this.reason = record.lastReason;
    this.view = view;
  }

  get account(): RegistrationView {
    this.made ??= this.view();
    return this.made;
  }
}
