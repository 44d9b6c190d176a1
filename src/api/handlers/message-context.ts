import type { NameAddr } from '../../message/name-addr.ts';
import { parseUri } from '../../message/uri.ts';
import { CONTEXT } from '../ksr/context.ts';
import { fromWire } from '../wire-text.ts';
import { HandlerContext } from './handler-context.ts';
import { MessageHeaders } from './message-headers.ts';

/** Who a From or To header names. */
export interface Party {
  /** Display name without quotes, empty for none. */
  readonly display: string;
  readonly uri: string;
  /** User part of the URI, empty for none. */
  readonly user: string;
  readonly host: string;
  readonly tag: string;
}

/** Where a message came from. */
export interface Source {
  readonly ip: string;
  readonly port: number;
  /** udp, tcp, tls, ws, wss */
  readonly proto: string;
}

/** A handler that is about a message. */
export class MessageContext extends HandlerContext {
  get method(): string {
    return this[CONTEXT].message.method;
  }
  get callId(): string {
    return fromWire(this[CONTEXT].message.callId);
  }
  get cseq(): number {
    return this[CONTEXT].message.cseq?.seq ?? 0;
  }
  get from(): Party {
    return party(this[CONTEXT].message.from);
  }
  get to(): Party {
    return party(this[CONTEXT].message.to);
  }
  get headers(): MessageHeaders {
    return new MessageHeaders(this[CONTEXT]);
  }
  /** Body as text. */
  get body(): string {
    return fromWire(this[CONTEXT].message.body);
  }
  get source(): Source {
    const { ip, port, socket } = this[CONTEXT].from;
    return { ip, port, proto: socket.proto };
  }
}

function party(value: NameAddr | null): Party {
  if (value === null) return { display: '', uri: '', user: '', host: '', tag: '' };
  const uri = parseUri(value.uri);
  return {
    display: fromWire(unquoted(value.display)),
    uri: fromWire(value.uri),
    user: fromWire(uri?.user ?? ''),
    host: uri?.host ?? '',
    tag: value.tag,
  };
}

function unquoted(display: string): string {
  return display.startsWith('"') ? display.slice(1, -1).replace(/\\(.)/g, '$1') : display;
}
