import type { ListenSocket } from '../transport/transport.ts';

/** One entry of a request's destination set: what becomes one branch (RFC 3261 §16.5). */
export class Target {
  /** Request-URI of the branch. */
  uri: string;
  /** Next hop URI if it is not the Request-URI ($du), empty for none. */
  dstUri = '';
  /** Path header values to add as Route, empty for none. */
  path = '';
  /** Socket to send from ($fs), null to let the transport choose. */
  socket: ListenSocket | null = null;
  /** Branch flags (setbflag), 32 bits. */
  flags = 0;
  /** q in thousandths, -1 unset. */
  q = -1;
  ruid = '';
  locationUa = '';
  instance = '';

  constructor(uri: string) {
    this.uri = uri;
  }

  clone(): Target {
    const copy = new Target(this.uri);
    copy.dstUri = this.dstUri;
    copy.path = this.path;
    copy.socket = this.socket;
    copy.flags = this.flags;
    copy.q = this.q;
    copy.ruid = this.ruid;
    copy.locationUa = this.locationUa;
    copy.instance = this.instance;
    return copy;
  }
}
