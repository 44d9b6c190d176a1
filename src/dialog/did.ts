/** Two numbers that name a dialog: a slot of the table and a number in it (Kamailio's h_entry and h_id). */
export interface DialogId {
  readonly entry: number;
  readonly id: number;
}

/** Digits of a number, the least significant first: the way the original writes them into Record-Route. */
function reversedHex(value: number): string {
  return [...value.toString(16)].reverse().join('');
}

/** Value of the Record-Route parameter that names a dialog (`did`). */
export function didText({ entry, id }: DialogId): string {
  return `${reversedHex(entry)}.${reversedHex(id)}`;
}

/**
 * Reads a Record-Route parameter that came back.
 * @returns null for anything that is none
 */
export function parseDid(text: string): DialogId | null {
  const match = /^([0-9a-f]{1,8})\.([0-9a-f]{1,8})$/i.exec(text);
  if (match === null) return null;
  const [, entry = '', id = ''] = match;
  const number = (digits: string): number => Number.parseInt([...digits].reverse().join(''), 16);
  return { entry: number(entry), id: number(id) };
}
