/** A parsed URI (RFC 3261 §19.1, RFC 3966 for tel). Texts are as written, escapes included. */
export interface SipUri {
  readonly text: string;
  /** Lower-case scheme: sip, sips, tel, urn, … */
  readonly scheme: string;
  /** User part (or the number of a tel: URI), undefined when there is no user part at all. */
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** Host as written; an IPv6 reference keeps its brackets; empty for non-sip schemes. */
  readonly host: string;
  /** Port, 0 when absent. */
  readonly port: number;
  /** URI parameters' text from the first `;`, empty when there are none. */
  readonly params: string;
  /** Headers' text from `?`, empty when there are none. */
  readonly headers: string;
  /** transport parameter in lower case, empty when absent. */
  readonly transport: string;
}

/** Parses a URI; null when it is not one (empty host, blanks, unbalanced brackets, port above 65535, …). */
export function parseUri(_text: string): SipUri | null {
  return null;
}
