import {
  HDR_DIVERSION,
  HDR_P_ASSERTED_IDENTITY,
  HDR_P_PREFERRED_IDENTITY,
  HDR_REFER_TO,
  HDR_REMOTE_PARTY_ID,
  type HeaderId,
} from '../../message/header-name.ts';
import { type NameAddr, paramValue, parseNameAddr } from '../../message/name-addr.ts';
import { parseUri } from '../../message/uri.ts';
import type { ScriptContext } from '../context.ts';
import type { Value } from '../values.ts';
import { access, type CoreVariable, indexValue, simple } from './define.ts';
import { hostOf, userOf } from './uri-parts.ts';

/** Values of a header, comma lists taken apart; unreadable ones end their line's list. */
function addresses({ message }: ScriptContext, id: HeaderId): NameAddr[] {
  const list: NameAddr[] = [];
  for (const field of message.headers) {
    if (field.id !== id) continue;
    for (let at = field.valueStart; at < field.valueEnd; ) {
      const address = parseNameAddr(message.raw, at, field.valueEnd);
      if (address === null) break;
      list.push(address);
      at = address.end + 1;
    }
  }
  return list;
}

function firstAddress({ message }: ScriptContext, id: HeaderId): NameAddr | null {
  const field = message.find(id);
  return field === undefined ? null : parseNameAddr(message.raw, field.valueStart, field.valueEnd);
}

/** `$name`, `$(name[i])`: one of the addresses of a header. */
function indexed(name: string, id: HeaderId, read: (address: NameAddr) => Value): CoreVariable {
  return {
    name,
    writable: false,
    inner: 'none',
    bind: () => (_inner, index, text) => {
      if (index === '*')
        return access(text, (ctx) => {
          const list = addresses(ctx, id).map((address) => read(address) ?? '');
          return list.length === 0 ? null : list.join(',');
        });
      return access(text, (ctx) => {
        const address =
          index === null || index === 0 ? firstAddress(ctx, id) : addresses(ctx, id).at(indexValue(index, ctx));
        return address ? read(address) : null;
      });
    },
    support: 'yes',
  };
}

function diversionParam(name: string): (ctx: ScriptContext) => Value {
  return (ctx) => {
    const address = firstAddress(ctx, HDR_DIVERSION);
    return address === null ? null : (paramValue(address.params, name) ?? null);
  };
}

/** Addresses of the headers in which identities travel: P-Asserted-, P-Preferred-Identity, Remote-Party-ID, Refer-To, Diversion. */
export const identityHeaderVariables: readonly CoreVariable[] = [
  indexed('ai', HDR_P_ASSERTED_IDENTITY, (address) => address.uri),
  indexed('pu', HDR_P_PREFERRED_IDENTITY, (address) => address.uri),
  indexed('pU', HDR_P_PREFERRED_IDENTITY, (address) => userOf(parseUri(address.uri))),
  indexed('pd', HDR_P_PREFERRED_IDENTITY, (address) => hostOf(parseUri(address.uri))),
  indexed('pn', HDR_P_PREFERRED_IDENTITY, (address) => address.display || null),
  simple('re', (ctx) => firstAddress(ctx, HDR_REMOTE_PARTY_ID)?.uri ?? null),
  simple('rt', (ctx) => firstAddress(ctx, HDR_REFER_TO)?.uri ?? null),
  simple('di', (ctx) => firstAddress(ctx, HDR_DIVERSION)?.uri ?? null),
  simple('dir', diversionParam('reason')),
  simple('dip', diversionParam('privacy')),
  simple('dic', diversionParam('counter')),
];
