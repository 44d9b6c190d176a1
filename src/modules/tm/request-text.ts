import { HDR_CONTACT, HDR_FROM, HDR_RECORD_ROUTE, HDR_TO, type HeaderId } from '../../message/header-name.ts';
import type { SipMessage } from '../../message/message.ts';
import { M_INVITE } from '../../message/method.ts';
import { type NameAddr, parseNameAddrList } from '../../message/name-addr.ts';
import { paramValue } from '../../message/params.ts';
import { parseUri } from '../../message/uri.ts';
import type { ProxyTransaction } from '../../proxy/proxy-transaction.ts';
import type { ScriptContext } from '../../script/context.ts';

/** Version of the format, and what stands for nothing and ends a list in it. */
const VERSION = '0.3';
const NOTHING = '.';

/** The request's own flags as the original numbers them: 8 always, 16 after force_rport(). */
const FLAGS = 8;
const FLAG_FORCE_RPORT = 16;

function listed(ctx: ScriptContext, header: HeaderId): NameAddr[] {
  const { message } = ctx;
  return message
    .findAll(header)
    .flatMap(({ valueStart, valueEnd }) => parseNameAddrList(message.raw, valueStart, valueEnd) ?? []);
}

/** From without its parameters: the tag has a line of its own. */
function fromAddress(message: SipMessage): string {
  const header = message.find(HDR_FROM);
  const { from } = message;
  if (header === undefined || from === null) return '';
  return message.raw.slice(header.valueStart, from.bracketed ? from.uriEnd + 1 : from.uriEnd);
}

/** Remote target, route set and next hop of a dialog that this request would begin, seen from the called side (RFC 3261 §12.1.1). */
function way(ctx: ScriptContext): { target: string; routes: string; nextHop: string } {
  const target = listed(ctx, HDR_CONTACT).at(-1)?.uri ?? ctx.message.from?.uri ?? '';
  const routes = listed(ctx, HDR_RECORD_ROUTE).map(({ uri }) => uri);
  const [first, ...rest] = routes;
  if (first === undefined) return { target, routes: NOTHING, nextHop: NOTHING };
  const texts = (uris: readonly string[]): string => uris.map((uri) => `<${uri}>`).join(',');
  const loose = paramValue(parseUri(first)?.params ?? '', 'lr') !== undefined;
  // The original names a loose router twice: once as the next hop's own route, once in the set.
  if (loose) return { target, routes: texts([first, ...routes]), nextHop: first };
  return { target: first, routes: texts([...rest, target]), nextHop: NOTHING };
}

/**
 * A request as t_write_req() hands it to another program: a line for each fact, then the body of an INVITE.
 * @param action what the other program is to do with it
 */
export function requestText(ctx: ScriptContext, transaction: ProxyTransaction, action: string): string {
  const { message, state } = ctx;
  const uri = parseUri(ctx.target.uri);
  const { socket } = ctx.from;
  const { target, routes, nextHop } = way(ctx);
  const flags = (state.forceRport ? FLAGS | FLAG_FORCE_RPORT : FLAGS).toString(16).padStart(2, '0');
  return [
    VERSION,
    `sip_request.${action}`,
    message.method,
    uri?.user ?? '',
    uri?.host ?? '',
    socket.address,
    socket.port,
    message.requestUri,
    target,
    fromAddress(message),
    message.value(HDR_TO) ?? '',
    message.callId,
    message.from?.tag ?? '',
    message.to?.tag ?? '',
    message.cseq?.seq ?? 0,
    `${transaction.index}:${transaction.label}`,
    routes,
    nextHop,
    `P-MsgFlags: ${flags}`,
    NOTHING,
    message.methodId === M_INVITE ? message.raw.slice(message.bodyStart, message.bodyEnd) : NOTHING,
    '',
  ].join('\n');
}
