import { utf8Bytes } from '../../digest/credentials.ts';
import { ProtectionSpaces } from '../../digest/protection-space.ts';
import { parseUri, type SipUri } from '../../message/uri.ts';
import type { ResolvedTarget } from '../../proxy/next-hop.ts';
import { TermsOfHop } from './carrier-terms.ts';
import { RecordQueue } from './record-queue.ts';

/** One next hop, shared by all accounts that go by it. */
export class NextHop {
  /** As in the table. */
  readonly text: string;
  /** Null when it is no sip or sips URI. */
  readonly uri: SipUri | null;
  /** Accounts that wait for its address. */
  readonly waiting = new RecordQueue();
  /** A look-up is under way. */
  resolving = false;
  /** What the last look-up that had to be waited for found: answers with a TTL of 0 are not kept anywhere else. */
  found: readonly ResolvedTarget[] = [];
  /** Accounts that go by it. */
  users = 0;
  /** What the rows of these have in common. */
  readonly terms = new TermsOfHop(this);

  constructor(text: string) {
    this.text = text;
    const uri = /[\x00-\x20\x7f<>"]/.test(text) ? null : parseUri(utf8Bytes(text));
    this.uri = uri !== null && (uri.scheme === 'sip' || uri.scheme === 'sips') ? uri : null;
  }
}

/** Texts that are kept once; past this many the table begins anew, which costs memory and nothing else. */
const MAX_SHARED = 100_000;

/** What accounts have in common: next hops, texts such as domains, and what they are challenged with. */
export class SharedTables {
  readonly spaces = new ProtectionSpaces();
  private readonly hops = new Map<string, NextHop>();
  private readonly texts = new Map<string, string>();

  /** The one copy of a text. */
  readonly share = (text: string): string => {
    if (text === '') return '';
    const known = this.texts.get(text);
    if (known !== undefined) return known;
    if (this.texts.size >= MAX_SHARED) this.texts.clear();
    // A copy of its own, so that no message and no row block is kept alive by a slice of it.
    const own = Buffer.from(text, 'utf8').toString('utf8');
    this.texts.set(own, own);
    return own;
  };

  /** The next hop of this URI. */
  readonly hop = (text: string): NextHop => {
    let hop = this.hops.get(text);
    if (hop === undefined) {
      hop = new NextHop(this.share(text));
      this.hops.set(hop.text, hop);
    }
    return hop;
  };

  /** Forgets a next hop that nobody goes by any more. */
  release(hop: NextHop): void {
    if (hop.users <= 0 && this.hops.get(hop.text) === hop) this.hops.delete(hop.text);
  }
}
