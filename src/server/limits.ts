import { DEFAULT_LIMITS, type ParseLimits } from '../message/parser.ts';
import { StartError } from './server-api.ts';

/** Limits of this server that a configuration may set. */
export interface ServerLimits {
  readonly parse: ParseLimits;
  /** Transactions of both kinds at once; beyond them new requests get 503. */
  readonly maxTransactions: number;
}

/** Group of the custom settings that set them: `trunkline.max_header = 16384`. Kamailio takes such lines too and has no use for them. */
const GROUP = 'trunkline.';

/** Names in the configuration, smallest and default value. */
const LIMITS: Readonly<Record<string, readonly [minimum: number, preset: number]>> = {
  max_message: [1024, DEFAULT_LIMITS.maxMessage],
  max_headers: [16, DEFAULT_LIMITS.maxHeaders],
  max_header: [128, DEFAULT_LIMITS.maxHeader],
  max_uri: [32, DEFAULT_LIMITS.maxUri],
  max_transactions: [100, 200_000],
};

/**
 * Reads the limits from the custom settings of a configuration.
 * @param custom `group.name` → value
 * @throws StartError CFG_LIMIT for a name that is none or a value that cannot be
 */
export function serverLimits(custom: ReadonlyMap<string, string | number>): ServerLimits {
  for (const [key, value] of custom) {
    if (!key.startsWith(GROUP)) continue;
    const limit = LIMITS[key.slice(GROUP.length)];
    if (limit === undefined)
      throw new StartError(
        'CFG_LIMIT',
        `${key}: there are ${Object.keys(LIMITS)
          .map((name) => GROUP + name)
          .join(', ')}`,
      );
    if (typeof value !== 'number' || value < limit[0])
      throw new StartError('CFG_LIMIT', `${key} = ${value}: a number from ${limit[0]} on is needed`);
  }
  const read = (name: string): number => {
    const value = custom.get(GROUP + name);
    return typeof value === 'number' ? value : (LIMITS[name] as readonly [number, number])[1];
  };
  return {
    parse: {
      maxMessage: read('max_message'),
      maxHeaders: read('max_headers'),
      maxHeader: read('max_header'),
      maxUri: read('max_uri'),
    },
    maxTransactions: read('max_transactions'),
  };
}
