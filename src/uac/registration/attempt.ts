import type { SipMessage } from '../../message/message.ts';
import type { ResolvedTarget } from '../../proxy/next-hop.ts';
import type { ClientTransactionHandle, ClientTransactionUser } from '../../transaction/transaction.ts';
import type { AttemptCredentials } from './attempt-credentials.ts';
import type { Flow } from './flow.ts';
import type { NextHop } from './next-hop-table.ts';
import type { Places } from './places.ts';
import type { RegistrarPace } from './registrar-pace.ts';
import type { Registration } from './registration.ts';

/** Who carries attempts out. */
export interface AttemptHost {
  answered(attempt: Attempt, answer: SipMessage): void;
  unanswered(attempt: Attempt): void;
  unsent(attempt: Attempt, code: string): void;
}

/**
 * One try to register, refresh or remove a binding, from its first request to its end: over challenges, redirections and the targets of its
 * next hop. It exists only as long as it lasts.
 */
export class Attempt implements ClientTransactionUser {
  readonly record: Registration;
  readonly removes: boolean;
  readonly credentials: AttemptCredentials;
  /** Request-URI; a redirection changes it. */
  uri: string;
  hop: NextHop;
  targets: readonly ResolvedTarget[] = [];
  /** Which of the targets is tried. */
  index = 0;
  /** Where it has its place; null while it waits for one. */
  pace: RegistrarPace | null = null;
  /** Among which places there; it is their {@link Places.sent} list that the next four belong to. */
  places: Places | null = null;
  out = false;
  lent = false;
  earlier: Attempt | null = null;
  later: Attempt | null = null;
  flow: Flow | null = null;
  client: ClientTransactionHandle | null = null;
  /** Clock time in ms at which the last request was sent. */
  sentAt = 0;
  /** Contact URI and seconds of the last request. */
  contact = '';
  asked = 0;
  /** Its first request has left. */
  started = false;
  /** 423 answers taken. */
  briefs = 0;
  /** Next hops that it was redirected to. */
  readonly visited: string[] = [];
  /** The shortest Retry-After that a target answered with, seconds, 0 for none: counts when no target does better. */
  retryAfter = 0;
  private readonly host: AttemptHost;

  constructor(record: Registration, removes: boolean, uri: string, credentials: AttemptCredentials, host: AttemptHost) {
    this.record = record;
    this.removes = removes;
    this.uri = uri;
    this.hop = record.account.hop;
    this.credentials = credentials;
    this.host = host;
  }

  get target(): ResolvedTarget | undefined {
    return this.targets[this.index];
  }

  onResponse(client: ClientTransactionHandle, response: SipMessage): void {
    if (client === this.client && response.status >= 200) this.host.answered(this, response);
  }

  onTimeout(client: ClientTransactionHandle): void {
    if (client === this.client) this.host.unanswered(this);
  }

  onSendFailed(client: ClientTransactionHandle, code: string): void {
    if (client === this.client) this.host.unsent(this, code);
  }
}
