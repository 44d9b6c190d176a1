import {
  appendLines,
  headerLines,
  insertLines,
  isHeaderName,
  removeHeader,
} from '../../modules/support/header-lines.ts';
import { ApiError } from '../errors.ts';
import { fromWire, toWire } from '../wire-text.ts';
import { Bound, CONTEXT } from './context.ts';

/** Headers (Kamailio's KSR.hdr). Lines are `Name: value`, a CRLF at the end may be left out. */
export class KsrHdr extends Bound {
  /** Adds a header line behind the others. */
  append(line: string): number {
    appendLines(this[CONTEXT], checked(line));
    return 1;
  }

  /** Adds a header line behind the last header of a name. */
  append_after(line: string, name: string): number {
    appendLines(this[CONTEXT], checked(line), checkedName(name));
    return 1;
  }

  /** Adds a header line before the others. */
  insert(line: string): number {
    insertLines(this[CONTEXT], checked(line));
    return 1;
  }

  /** Adds a header line before the first header of a name. */
  insert_before(line: string, name: string): number {
    insertLines(this[CONTEXT], checked(line), checkedName(name));
    return 1;
  }

  /** Takes away every header of a name. @returns 1 */
  remove(name: string): number {
    const ctx = this[CONTEXT];
    for (const header of ctx.message.findByName(checkedName(name))) removeHeader(ctx, header);
    return 1;
  }

  /** Takes away every header of a name and adds a line. */
  rmappend(name: string, line: string): number {
    this.remove(name);
    return this.append(line);
  }

  /** @returns 1 when the message has a header of this name, else -1 */
  is_present(name: string): number {
    return this[CONTEXT].message.findByName(checkedName(name)).length > 0 ? 1 : -1;
  }

  /** Adds a header line to replies made here. */
  append_to_reply(line: string): number {
    this[CONTEXT].state.replyHeaders += checked(line);
    return 1;
  }

  /** Value of the first header of a name, or null. */
  get(name: string): string | null {
    return this.get_idx(name, 0);
  }

  /** Value of the first header of a name, or an empty text. */
  gete(name: string): string {
    return this.get(name) ?? '';
  }

  /** Value of the first header of a name, or `<<null>>`. */
  getw(name: string): string {
    return this.get(name) ?? '<<null>>';
  }

  /** Value of a header of a name by its place, from 0; negative from the end; or null. */
  get_idx(name: string, index: number): string | null {
    const { message } = this[CONTEXT];
    const found = message.findByName(checkedName(name)).at(index);
    return found === undefined ? null : fromWire(message.valueOf(found));
  }
}

function checked(line: string): string {
  const lines = headerLines(toWire(line));
  if (lines === null) throw new ApiError('API_HEADER', `${JSON.stringify(line)} is no header line`);
  return lines;
}

function checkedName(name: string): string {
  if (!isHeaderName(name)) throw new ApiError('API_HEADER', `${JSON.stringify(name)} is no header name`);
  return name;
}
