/** Characters after which a slice is handed on, and milliseconds that making one may take. */
const SLICE_LENGTH = 65_536;
const SLICE_TIME = 4;

/** How many pieces are made between two looks at the clock. */
const PIECES_A_LOOK = 32;

/**
 * Joins pieces to slices that are worth a write, with a turn of the event loop after each: neither a large result nor one that is slow to
 * draw holds up anybody else.
 */
export async function* slices(pieces: Iterable<string>): AsyncGenerator<string> {
  let began = performance.now();
  let text = '';
  let count = 0;
  for (const piece of pieces) {
    text += piece;
    if (text.length < SLICE_LENGTH && (++count % PIECES_A_LOOK !== 0 || performance.now() - began < SLICE_TIME))
      continue;
    yield text;
    text = '';
    await new Promise((resolve) => setImmediate(resolve));
    began = performance.now();
  }
  if (text !== '') yield text;
}

/**
 * All of it as one text.
 * @returns null when it is longer than `most` characters
 */
export async function collect(pieces: Iterable<string>, most: number): Promise<string | null> {
  const parts: string[] = [];
  let length = 0;
  for await (const slice of slices(pieces)) {
    parts.push(slice);
    length += slice.length;
    if (length > most) return null;
  }
  return parts.join('');
}

/**
 * The first slice, made at once.
 * @returns its text, and all of the pieces with the text in the place of those that are in it: null when there are no more
 */
export function beginning(pieces: Iterable<string>): { readonly text: string; readonly rest: Iterable<string> | null } {
  const began = performance.now();
  const source = pieces[Symbol.iterator]();
  let text = '';
  for (let count = 1; ; count++) {
    const next = source.next();
    if (next.done === true) return { text, rest: null };
    text += next.value;
    const full =
      text.length >= SLICE_LENGTH || (count % PIECES_A_LOOK === 0 && performance.now() - began >= SLICE_TIME);
    if (full) return { text, rest: continued(text, source) };
  }
}

function* continued(text: string, source: Iterator<string>): Generator<string> {
  yield text;
  for (let next = source.next(); next.done !== true; next = source.next()) yield next.value;
}
