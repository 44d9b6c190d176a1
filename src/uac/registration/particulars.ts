const NOTHING: readonly string[] = [];

/**
 * What is known of few accounts only: of those that fail, were asked for longer bindings, learn their Contact, or got a Service-Route. The
 * others have no such object, so that a million accounts without trouble do not pay for it.
 */
export class Particulars {
  /** Seconds to ask for after a 423, 0 for the row's. */
  raised = 0;
  /** Contact address as the registrar sees us (learnContact), empty for the configured one. */
  learned = '';
  /** Contact URI that is to be removed with the next REGISTER, empty for none. */
  outdated = '';
  /** Failed attempts in a row. */
  failures = 0;
  /** Status that listeners were told last, of a state that is a failure. */
  toldCode = 0;
  serviceRoute: readonly string[] = NOTHING;

  /** Nothing in it differs from {@link ORDINARY}: it need not be kept. */
  get isOrdinary(): boolean {
    return (
      this.raised === 0 &&
      this.failures === 0 &&
      this.toldCode === 0 &&
      this.learned === '' &&
      this.outdated === '' &&
      this.serviceRoute.length === 0
    );
  }
}

/** Those of an account that has none of its own: never written to. */
export const ORDINARY = new Particulars();
