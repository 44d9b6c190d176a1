import type { ListenSocket } from '../transport/transport.ts';
import type { Branch } from './branch.ts';

/** One entry of a request's destination set: what becomes one branch (RFC 3261 §16.5). */
export class Target {
  private uriText: string;
  private dstUriText = '';
  /**
   * True until a relay used it and again after its URI or next hop was written: only a new target makes a branch, so a failure_route that
   * changes nothing does not send the call to the same place again.
   */
  isNew = true;
  /** Path header values to add as Route, empty for none. */
  path = '';
  /** Socket to send from ($fs), null to let the transport choose. */
  socket: ListenSocket | null = null;
  /** Branch flags (setbflag), 32 bits. */
  flags = 0;
  /** q in thousandths, -1 unset. */
  q = -1;
  /** STREAM_ bits of this branch only: a branch_route's set_forward_no_connect and set_forward_close. */
  stream = 0;
  ruid = '';
  locationUa = '';
  instance = '';
  /** Prepares the branch made of this target before its branch_route: what another layer carries over (uac_auth); used once. */
  seed: ((branch: Branch) => void) | null = null;

  constructor(uri: string) {
    this.uriText = uri;
  }

  /** Request-URI of the branch. */
  get uri(): string {
    return this.uriText;
  }
  set uri(text: string) {
    this.uriText = text;
    this.isNew = true;
  }

  /** Next hop URI if it is not the Request-URI ($du), empty for none. */
  get dstUri(): string {
    return this.dstUriText;
  }
  set dstUri(text: string) {
    this.dstUriText = text;
    this.isNew = true;
  }

  /** Where the request goes next: the next hop URI, else the Request-URI. */
  get nextHop(): string {
    return this.dstUriText === '' ? this.uriText : this.dstUriText;
  }

  /** A copy that a relay will use. */
  clone(): Target {
    const copy = new Target(this.uriText);
    copy.become(this);
    return copy;
  }

  /** Takes over everything of another target, and is new by that; whoever holds this one sees it. */
  become(other: Target): void {
    this.uriText = other.uriText;
    this.dstUriText = other.dstUriText;
    this.isNew = true;
    this.path = other.path;
    this.socket = other.socket;
    this.flags = other.flags;
    this.q = other.q;
    this.stream = other.stream;
    this.ruid = other.ruid;
    this.locationUa = other.locationUa;
    this.instance = other.instance;
    this.seed = other.seed;
  }
}
