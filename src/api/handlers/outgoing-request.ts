import { parseUri } from '../../message/uri.ts';
import { ApiError } from '../errors.ts';
import { CONTEXT } from '../ksr/context.ts';
import { fromWire, toWire } from '../wire-text.ts';
import { MessageContext } from './message-context.ts';

/** What From or To shall show. */
export interface Identity {
  /** Absent: the display name stays; empty: none. */
  readonly display?: string;
  /** Absent: the URI stays. */
  readonly uri?: string;
}

/** A handler that is about a request which may go on: where to, and as whom. */
export class OutgoingRequest extends MessageContext {
  /** Request-URI; setting it changes where the request goes. @throws ApiError API_ARGUMENT */
  get ruri(): string {
    return fromWire(this[CONTEXT].target.uri);
  }
  set ruri(uri: string) {
    this[CONTEXT].target.uri = checkedUri(uri);
  }

  /** User part of the Request-URI: usually the number called. */
  get user(): string {
    return fromWire(parseUri(this[CONTEXT].target.uri)?.user ?? '');
  }
  set user(user: string) {
    this.ksr.setuser(user);
  }

  /** Where the request goes next, whatever its Request-URI: a URI, or an empty text. @throws ApiError API_ARGUMENT */
  get nextHop(): string {
    return fromWire(this[CONTEXT].target.dstUri);
  }
  set nextHop(uri: string) {
    this[CONTEXT].target.dstUri = uri === '' ? '' : checkedUri(uri);
  }

  /**
   * Shows the callee another caller; replies and later requests of the dialog show the caller what it sent (module uac, restore_mode).
   * @returns false when it was refused, which was logged
   */
  replaceFrom(identity: Identity): boolean {
    return this.replace('from', identity);
  }

  /** Shows the callee another To; see {@link replaceFrom}. */
  replaceTo(identity: Identity): boolean {
    return this.replace('to', identity);
  }

  private replace(header: 'from' | 'to', { display, uri = '' }: Identity): boolean {
    const { uac } = this.ksr;
    if (header === 'from')
      return (display === undefined ? uac.uac_replace_from(uri) : uac.uac_replace_from(display, uri)) > 0;
    return (display === undefined ? uac.uac_replace_to(uri) : uac.uac_replace_to(display, uri)) > 0;
  }
}

/** @throws ApiError API_ARGUMENT */
export function checkedUri(uri: string): string {
  const text = toWire(uri);
  if (parseUri(text) === null || /[\x00-\x20\x7f<>"]/.test(text))
    throw new ApiError('API_ARGUMENT', `${JSON.stringify(uri)} is no URI`);
  return text;
}
