/** The text that defines a table: `name=>size=8;autoexpire=3600;initval=0;updateexpire=0`. */

/** One table as the parameter describes it. */
export interface TableDefinition {
  readonly name: string;
  /** Seconds until an entry expires; 0: never. */
  readonly autoExpire: number;
  /** What a missing entry reads as; null: undefined. */
  readonly initial: number | null;
  /** Whether writing begins the time of an entry anew. */
  readonly updateExpire: boolean;
  /** Table of the database that it is read from; empty for none. */
  readonly dbTable: string;
  /** Whether it is written back at the end (dbmode=1). */
  readonly dbKeep: boolean;
  /** Attributes that ask for what is not here. */
  readonly withoutEffect: readonly string[];
}

/** Attributes whose value is a whole number; only initval may be negative. */
const NUMBERS = new Set(['size', 'autoexpire', 'initval', 'updateexpire', 'dbmode', 'dmqreplicate']);
/** Attributes for tables that are loaded from a database. */
const TEXTS = new Set(['dbtable', 'cols', 'colpack', 'colnull', 'coldelim']);

/** Those by which a row's columns become parts of one value. */
const PACKED = new Set(['cols', 'colpack', 'colnull', 'coldelim']);

const ATTRIBUTE = /^\s*([A-Za-z_]\w*)\s*=\s*('[^']*'?|"[^"]*"?|[^;,\s]*)\s*([;,]|$)/;

/** @returns the definition, or a text that says what is wrong with it */
export function parseTable(text: string): TableDefinition | string {
  const head = /^\s*([\w.:-]+)\s*=>/.exec(text);
  if (head === null) return `"${text}" is not of the form name=>size=8;autoexpire=3600`;
  const name = head[1] as string;
  const attributes = new Map<string, string>();
  let rest = text.slice(head[0].length);
  while (rest.trim() !== '') {
    const match = ATTRIBUTE.exec(rest);
    if (match === null) return `table ${name}: "${rest.trim()}" is not of the form attribute=value;…`;
    const attribute = match[1] as string;
    const value = match[2] as string;
    if (NUMBERS.has(attribute)) {
      if (!/^-?\d+$/.test(value) || (attribute !== 'initval' && value.startsWith('-')))
        return `table ${name}: ${attribute} is a number, not "${value}"`;
    } else if (!TEXTS.has(attribute)) return `table ${name}: there is no attribute ${attribute}`;
    attributes.set(attribute, value);
    rest = rest.slice(match[0].length);
  }
  const number = (attribute: string, otherwise: number): number => Number(attributes.get(attribute) ?? otherwise);
  return {
    name,
    autoExpire: number('autoexpire', 0),
    initial: attributes.has('initval') ? number('initval', 0) | 0 : null,
    updateExpire: number('updateexpire', 1) !== 0,
    dbTable: (attributes.get('dbtable') ?? '').replace(/^(['"])(.*)\1$/, '$2'),
    dbKeep: number('dbmode', 0) === 1,
    withoutEffect: [...attributes]
      .filter(([attribute, value]) => PACKED.has(attribute) || (attribute === 'dmqreplicate' && value !== '0'))
      .map(([attribute]) => attribute),
  };
}
