/** One row of the trusted table. */
export interface TrustedEntry {
  readonly source: string;
  /** Lower case; `any` agrees with every one, `none` with none. */
  readonly proto: string;
  readonly from: RegExp | null;
  readonly ruri: RegExp | null;
  /** The expressions as they are in the table, for the operators' dump. */
  readonly fromText: string | null;
  readonly ruriText: string | null;
  readonly tag: string | null;
  readonly priority: number;
}

/** Kamailio's numbers of protocols, which its dump shows. */
export const PROTOCOLS: Readonly<Record<string, number>> = {
  any: 0,
  udp: 1,
  tcp: 2,
  tls: 3,
  sctp: 4,
  ws: 5,
  wss: 6,
  none: -1,
};

/** Who is trusted, by the source address as text. */
export class TrustedBook {
  private readonly bySource = new Map<string, TrustedEntry[]>();

  constructor(entries: readonly TrustedEntry[] = []) {
    for (const entry of entries.toSorted((a, b) => b.priority - a.priority)) {
      const list = this.bySource.get(entry.source);
      if (list === undefined) this.bySource.set(entry.source, [entry]);
      else list.push(entry);
    }
  }

  /** Every row that a request agrees with, the most important first. */
  find(source: string, proto: string, from: string, ruri: string): TrustedEntry[] {
    const wanted = proto.toLowerCase();
    return (this.bySource.get(source) ?? []).filter(
      (entry) =>
        (entry.proto === 'any' || entry.proto === wanted || (wanted === 'any' && entry.proto !== 'none')) &&
        (entry.from === null || entry.from.test(from)) &&
        (entry.ruri === null || entry.ruri.test(ruri)),
    );
  }

  list(): readonly TrustedEntry[] {
    return [...this.bySource.values()].flat();
  }
}
