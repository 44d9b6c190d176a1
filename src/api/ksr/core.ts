import type { SipMessage } from '../../message/message.ts';
import { parseUri } from '../../message/uri.ts';
import { DROP, type ScriptContext } from '../../script/context.ts';
import { L_CRIT, L_DBG, L_ERR, L_INFO, L_NOTICE, L_WARN } from '../../script/log.ts';
import { ApiError } from '../errors.ts';
import { toWire } from '../wire-text.ts';
import { Bound, CONTEXT } from './context.ts';
import { KsrHdr } from './hdr.ts';
import { KsrPv } from './pv.ts';
import { EndOfHandler } from './signal.ts';
import type { Tools } from './tools.ts';

/** Letters of is_method_in(). */
const LETTERS: Readonly<Record<string, string>> = {
  I: 'INVITE',
  A: 'ACK',
  B: 'BYE',
  C: 'CANCEL',
  R: 'REGISTER',
  M: 'MESSAGE',
  O: 'OPTIONS',
  S: 'SUBSCRIBE',
  P: 'PUBLISH',
  N: 'NOTIFY',
  U: 'UPDATE',
};

/** Calls a module's function by its name in kamailio.cfg. */
export type ModuleFunction = (name: string, args: readonly unknown[]) => number | Promise<number>;

/** Ends of a handler and functions by name (Kamailio's KSR.x). */
export class KsrX extends Bound {
  readonly #modf: ModuleFunction;
  constructor(ctx: ScriptContext, modf: ModuleFunction) {
    super(ctx);
    this.#modf = modf;
  }

  /** Leaves the function; a route of a kamailio.cfg that called it goes on. */
  exit(): never {
    throw new EndOfHandler();
  }

  /** Leaves the handler and drops what it is about: the reply, the branch, the request of our own. */
  drop(): never {
    this[CONTEXT].stop = DROP;
    throw new EndOfHandler();
  }

  /** Calls a module's function by the name that kamailio.cfg has for it. */
  modf(name: string, ...args: unknown[]): number | Promise<number> {
    return this.#modf(name, args);
  }
}

/** What KSR has without a module. Codes are Kamailio's: 1 done or true, -1 not. */
export class KsrCore extends Bound {
  /** @internal */
  readonly tools: Tools;
  constructor(ctx: ScriptContext, tools: Tools) {
    super(ctx);
    this.tools = tools;
  }

  /** Variables. */
  get pv(): KsrPv {
    return new KsrPv(this[CONTEXT], this.tools);
  }

  /** Headers. */
  get hdr(): KsrHdr {
    return new KsrHdr(this[CONTEXT]);
  }

  dbg(text: string): void {
    this.#log(L_DBG, text);
  }
  info(text: string): void {
    this.#log(L_INFO, text);
  }
  notice(text: string): void {
    this.#log(L_NOTICE, text);
  }
  warn(text: string): void {
    this.#log(L_WARN, text);
  }
  err(text: string): void {
    this.#log(L_ERR, text);
  }
  crit(text: string): void {
    this.#log(L_CRIT, text);
  }
  /** @param level dbg, info, notice, warn, err or crit */
  log(level: 'dbg' | 'info' | 'notice' | 'warn' | 'err' | 'crit', text: string): void {
    this[level](text);
  }

  /** True when the method is one of these, separated by `|`: `INVITE|SUBSCRIBE`. */
  is_method(methods: string): boolean {
    return methods.split('|').includes(this.#message.method);
  }

  /** True when the method is one of these letters: I(NVITE) A(CK) B(YE) C(ANCEL) R(EGISTER) M(ESSAGE) O(PTIONS) S(UBSCRIBE) P(UBLISH) N(OTIFY) U(PDATE). */
  is_method_in(letters: string): boolean {
    const { method } = this.#message;
    let found = false;
    for (const letter of letters) {
      const name = LETTERS[letter];
      if (name === undefined)
        throw new ApiError(
          'API_ARGUMENT',
          `is_method_in() knows ${Object.keys(LETTERS).join('')} and not "${letter}"; use is_method()`,
        );
      found ||= name === method;
    }
    return found;
  }
  is_INVITE(): boolean {
    return this.#message.method === 'INVITE';
  }
  is_ACK(): boolean {
    return this.#message.method === 'ACK';
  }
  is_BYE(): boolean {
    return this.#message.method === 'BYE';
  }
  is_CANCEL(): boolean {
    return this.#message.method === 'CANCEL';
  }
  is_REGISTER(): boolean {
    return this.#message.method === 'REGISTER';
  }
  is_MESSAGE(): boolean {
    return this.#message.method === 'MESSAGE';
  }
  is_SUBSCRIBE(): boolean {
    return this.#message.method === 'SUBSCRIBE';
  }
  is_PUBLISH(): boolean {
    return this.#message.method === 'PUBLISH';
  }
  is_NOTIFY(): boolean {
    return this.#message.method === 'NOTIFY';
  }
  is_OPTIONS(): boolean {
    return this.#message.method === 'OPTIONS';
  }
  is_INFO(): boolean {
    return this.#message.method === 'INFO';
  }
  is_UPDATE(): boolean {
    return this.#message.method === 'UPDATE';
  }
  is_PRACK(): boolean {
    return this.#message.method === 'PRACK';
  }
  is_REFER(): boolean {
    return this.#message.method === 'REFER';
  }
  is_UDP(): boolean {
    return this[CONTEXT].from.socket.proto === 'udp';
  }
  is_TCP(): boolean {
    return this[CONTEXT].from.socket.proto === 'tcp';
  }
  is_TLS(): boolean {
    return this[CONTEXT].from.socket.proto === 'tls';
  }
  is_WS(): boolean {
    return this[CONTEXT].from.socket.proto === 'ws';
  }
  is_WSS(): boolean {
    return this[CONTEXT].from.socket.proto === 'wss';
  }
  is_IPv4(): boolean {
    return this[CONTEXT].from.socket.family === 4;
  }
  is_IPv6(): boolean {
    return this[CONTEXT].from.socket.family === 6;
  }

  /** True when a URI names this server. */
  is_myself(uri: string): boolean {
    const parsed = parseUri(toWire(uri));
    return parsed !== null && this.tools.host.sender.isMyself(parsed.host, parsed.port);
  }
  is_myself_ruri(): boolean {
    return this.is_myself(this[CONTEXT].target.uri);
  }
  is_myself_furi(): boolean {
    return this.is_myself(this.#message.from?.uri ?? '');
  }
  is_myself_turi(): boolean {
    return this.is_myself(this.#message.to?.uri ?? '');
  }
  is_myself_srcip(): boolean {
    const { ip, port } = this[CONTEXT].from;
    return this.tools.host.sender.isMyself(ip, port);
  }

  /** Sets the Request-URI. */
  seturi(uri: string): number {
    return this.#core('rewriteuri', uri);
  }
  /** Sets the user of the Request-URI. */
  setuser(user: string): number {
    return this.#core('rewriteuser', user);
  }
  /** Sets the host of the Request-URI. */
  sethost(host: string): number {
    return this.#core('rewritehost', host);
  }
  /** Sets where the request goes next, whatever its Request-URI ($du). */
  setdsturi(uri: string): number {
    if (parseUri(toWire(uri)) === null)
      throw new ApiError('API_ARGUMENT', `setdsturi(): ${JSON.stringify(uri)} is no URI`);
    this[CONTEXT].target.dstUri = toWire(uri);
    return 1;
  }
  resetdsturi(): number {
    this[CONTEXT].target.dstUri = '';
    return 1;
  }
  isdsturiset(): boolean {
    return this[CONTEXT].target.dstUri !== '';
  }
  /** Sets a flag of the message, 0 to 31; it stays with its transaction. */
  setflag(flag: number): number {
    return this.#core('setflag', flag);
  }
  resetflag(flag: number): number {
    return this.#core('resetflag', flag);
  }
  isflagset(flag: number): boolean {
    return this.#core('isflagset', flag) > 0;
  }
  /** Sets a flag of the branch, 0 to 31. */
  setbflag(flag: number): number {
    this[CONTEXT].target.flags |= 1 << flag;
    return 1;
  }
  resetbflag(flag: number): number {
    this[CONTEXT].target.flags &= ~(1 << flag);
    return 1;
  }
  isbflagset(flag: number): boolean {
    return (this[CONTEXT].target.flags & (1 << flag)) !== 0;
  }
  force_rport(): number {
    return this.#core('force_rport');
  }
  add_local_rport(): number {
    return this.#core('add_local_rport');
  }
  /** Forwards the request without a transaction. */
  forward(): number {
    return this.#core('forward');
  }
  set_forward_close(): number {
    return this.#core('set_forward_close');
  }
  set_forward_no_connect(): number {
    return this.#core('set_forward_no_connect');
  }
  set_reply_close(): number {
    return this.#core('set_reply_close');
  }
  set_reply_no_connect(): number {
    return this.#core('set_reply_no_connect');
  }
  set_advertised_address(address: string): number {
    return this.#core('set_advertised_address', address);
  }
  set_advertised_port(port: number): number {
    return this.#core('set_advertised_port', port);
  }

  get #message(): SipMessage {
    return this[CONTEXT].message;
  }

  #core(name: string, ...args: (string | number)[]): number {
    return this.tools.core(this[CONTEXT], name, ...args);
  }

  #log(level: number, text: string): void {
    const { log } = this.tools.host;
    if (level <= log.level) log.write(level, 'script', text.endsWith('\n') ? text.slice(0, -1) : text);
  }
}
