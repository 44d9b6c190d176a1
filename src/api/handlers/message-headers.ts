import {
  appendLines,
  headerLines,
  insertLines,
  isHeaderName,
  removeHeader,
} from '../../modules/support/header-lines.ts';
import { ApiError } from '../errors.ts';
import { Bound, CONTEXT } from '../ksr/context.ts';
import { fromWire, toWire } from '../wire-text.ts';

/** Headers of the message that a handler is about. Reading shows the message as it came; changes are on the message as it leaves. */
export class MessageHeaders extends Bound {
  /** Value of the first header of a name (any case, short forms too); undefined when there is none. */
  get(name: string): string | undefined {
    const { message } = this[CONTEXT];
    const [found] = message.findByName(name);
    return found === undefined ? undefined : fromWire(message.valueOf(found));
  }

  /** Values of all headers of a name. */
  all(name: string): string[] {
    const { message } = this[CONTEXT];
    return message.findByName(name).map((found) => fromWire(message.valueOf(found)));
  }

  has(name: string): boolean {
    return this[CONTEXT].message.findByName(name).length > 0;
  }

  /** Adds a header behind the others. @throws ApiError API_HEADER */
  append(name: string, value: string): this {
    appendLines(this[CONTEXT], headerLine(name, value));
    return this;
  }

  /** Adds a header before the others. @throws ApiError API_HEADER */
  insert(name: string, value: string): this {
    insertLines(this[CONTEXT], headerLine(name, value));
    return this;
  }

  /** Takes away all headers of a name. */
  remove(name: string): this {
    const ctx = this[CONTEXT];
    for (const header of ctx.message.findByName(name)) removeHeader(ctx, header);
    return this;
  }

  /** Takes away all headers of a name and adds one. @throws ApiError API_HEADER */
  set(name: string, value: string): this {
    return this.remove(name).append(name, value);
  }
}

/** One header line with its end. @throws ApiError API_HEADER for a text that would add another line or is no header */
export function headerLine(name: string, value: string): string {
  const lines = isHeaderName(name) && !/[\r\n]/.test(value) ? headerLines(`${name}: ${toWire(value)}`) : null;
  if (lines === null) throw new ApiError('API_HEADER', `${JSON.stringify(`${name}: ${value}`)} is no header`);
  return lines;
}
