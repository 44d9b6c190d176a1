import type { SipMessage } from './message.ts';

/**
 * What a message looks like on the way out: facts only known when the outgoing socket is chosen. An edit whose text depends on
 * them (Record-Route, Via) is a function of this.
 */
export interface Outbound {
  /** Lower-case protocol of the socket the message leaves by: udp, tcp, tls, ws, wss. */
  readonly proto: string;
  /** Address to show in Via and Record-Route (advertised if set; IPv6 in brackets). */
  readonly host: string;
  readonly port: number;
}

/** Text of an edit: fixed, or made when the outgoing socket is known. */
export type EditText = string | ((out: Outbound) => string);

/**
 * One recorded change of a message: the raw range [start, end) is replaced by text (start === end: an insertion).
 * `key` names what is edited ('from-uri', 'cseq'…): a later edit with the same key replaces the earlier one, and a branch's edit
 * replaces the message's: the last write wins.
 */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: EditText;
  readonly key: string;
}

/**
 * The ordered changes recorded for one message, or for one branch on top of its message's.
 * Edits never touch the received message; readers go on seeing it, the wire sees {@link applyEdits}.
 */
export class EditList {
  readonly list: Edit[] = [];

  /** True when nothing was recorded. */
  get isEmpty(): boolean {
    return this.list.length === 0;
  }

  /**
   * Records a replacement of raw range [start, end).
   * @param key what it edits; an earlier edit of this list with the same non-empty key is dropped
   */
  replace(start: number, end: number, text: EditText, key = ''): void {
    if (key !== '') this.drop(key);
    this.list.push({ start, end, text, key });
  }

  /** Records an insertion at a raw offset. Insertions at one offset keep the order in which they were recorded. */
  insert(at: number, text: EditText, key = ''): void {
    this.replace(at, at, text, key);
  }

  /** Forgets the edit with this key. @returns true when there was one */
  drop(key: string): boolean {
    const at = this.list.findIndex((edit) => edit.key === key);
    if (at < 0) return false;
    this.list.splice(at, 1);
    return true;
  }

  /** The edit with this key, if any. */
  get(key: string): Edit | undefined {
    return this.list.find((edit) => edit.key === key);
  }

  /** A copy that can grow on its own. */
  clone(): EditList {
    const copy = new EditList();
    for (const edit of this.list) copy.list.push(edit);
    return copy;
  }
}

/**
 * The message's text with edits applied.
 * Order: by offset; at one offset insertions before replacements, each in recorded order. An edit that lies wholly inside a
 * removed or replaced range of another edit is dropped. A branch edit with the key of a message edit replaces it.
 * @param from raw offset to start at (so that a caller can write its own start line)
 * @param to raw offset to stop at, insertions at `to` included
 */
export function applyEdits(
  message: SipMessage,
  edits: EditList | null,
  branchEdits: EditList | null,
  out: Outbound,
  from: number,
  to: number,
): string {
  const { raw } = message;
  const merged = mergeEdits(edits, branchEdits);
  if (merged.length === 0) return raw.slice(from, to);
  let text = '';
  let at = from;
  for (const edit of merged) {
    if (edit.start < at || edit.end > to) continue;
    text += raw.slice(at, edit.start) + (typeof edit.text === 'string' ? edit.text : edit.text(out));
    at = edit.end;
  }
  return text + raw.slice(at, to);
}

function mergeEdits(edits: EditList | null, branchEdits: EditList | null): readonly Edit[] {
  const own = branchEdits === null ? [] : branchEdits.list;
  const base = edits === null ? [] : edits.list;
  if (own.length === 0 && base.length < 2) return base;
  const all: Edit[] = [];
  for (const edit of base) if (edit.key === '' || !own.some((other) => other.key === edit.key)) all.push(edit);
  for (const edit of own) all.push(edit);
  // Array.prototype.sort is stable, so edits at one place keep their recorded order; of two overlapping the wider one comes first and hides the inner.
  all.sort((a, b) => a.start - b.start || Number(b.start === b.end) - Number(a.start === a.end) || b.end - a.end);
  return all;
}
