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
  /** Status a reply goes out with instead of its own (change_reply_status), 0 for its own. */
  status = 0;
  /** Reason phrase that goes with it, empty for the reply's own. */
  reason = '';

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
    copy.status = this.status;
    copy.reason = this.reason;
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
  const merged = mergeEdits(edits, branchEdits, null);
  return applyMerged(message.raw, merged, out, from, to);
}

/**
 * The text of [from, to) with an already merged list applied; see {@link applyEdits}.
 * @param merged what {@link mergeEdits} returned
 */
export function applyMerged(raw: string, merged: readonly Edit[], out: Outbound, from: number, to: number): string {
  if (merged.length === 0) return raw.slice(from, to);
  let text = '';
  let at = from;
  for (let i = 0; i < merged.length; i++) {
    const edit = merged[i] as Edit;
    if (edit.start < at || edit.end > to) continue;
    if (edit.start > at) text += raw.slice(at, edit.start);
    text += typeof edit.text === 'string' ? edit.text : edit.text(out);
    at = edit.end;
  }
  return at < to ? text + raw.slice(at, to) : text;
}

/**
 * The edits of a message, of one branch, and of the stack itself (weakest), in the order in which they are applied.
 * @param own the stack's edits, such as Max-Forwards; one whose key is in another list gives way
 */
export function mergeEdits(
  edits: EditList | null,
  branchEdits: EditList | null,
  own: readonly Edit[] | null,
): readonly Edit[] {
  const base = edits === null ? NONE : edits.list;
  const branch = branchEdits === null ? NONE : branchEdits.list;
  const count = base.length + branch.length + (own === null ? 0 : own.length);
  if (count === 0) return NONE;
  if (count === base.length && count === 1) return base;
  const all: Edit[] = [];
  // Insertion in order: lists are short, and a stable sort's closure and copies cost more than the few moves.
  if (own !== null) {
    for (const edit of own) if (!hasKey(base, edit.key) && !hasKey(branch, edit.key)) place(all, edit);
  }
  for (const edit of base) if (!hasKey(branch, edit.key)) place(all, edit);
  for (const edit of branch) place(all, edit);
  return all;
}

const NONE: readonly Edit[] = [];

function hasKey(list: readonly Edit[], key: string): boolean {
  if (key === '') return false;
  for (let i = 0; i < list.length; i++) if ((list[i] as Edit).key === key) return true;
  return false;
}

/** Puts an edit behind all that are not after it. */
function place(all: Edit[], edit: Edit): void {
  let at = all.length;
  while (at > 0 && isAfter(all[at - 1] as Edit, edit)) at--;
  if (at === all.length) all.push(edit);
  else all.splice(at, 0, edit);
}

/** Order of edits: by offset, insertions first, and of two replacements the wider one first, which then hides the other. */
function isAfter(a: Edit, b: Edit): boolean {
  if (a.start !== b.start) return a.start > b.start;
  const aInserts = a.start === a.end;
  const bInserts = b.start === b.end;
  if (aInserts !== bInserts) return bInserts;
  return a.end < b.end;
}
