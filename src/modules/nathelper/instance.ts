import { HDR_CONTACT } from '../../message/header-name.ts';
import type { NameAddr } from '../../message/name-addr.ts';
import { parseNameAddrList } from '../../message/name-addr.ts';
import { parseUri, type SipUri } from '../../message/uri.ts';
import type { ScriptContext } from '../../script/context.ts';
import type { ModuleHost, VariableAccess } from '../../script/module-definition.ts';
import { failure } from '../support/failure.ts';
import type { Pinger } from './pinger.ts';

/** State of one program's nathelper module. */
export interface NathelperModule {
  readonly host: ModuleHost;
  readonly receivedAvp: VariableAccess | null;
  readonly aliasName: string;
  /** Whether all of 192.0.0.0/24 counts as private (nat_addr_mode). */
  readonly allPrivate: boolean;
  readonly oldMediaIp: boolean;
  readonly noRtpproxy: string;
  /** Null when natping_interval is 0, or usrloc is not loaded. */
  readonly pinger: Pinger | null;
}

export function fail(m: NathelperModule, name: string, text: string, code: string, result = -1): number {
  return failure(m.host.log, 'nathelper', `${name}: ${text}`, code, result);
}

/** A Contact value with its URI. */
export interface ContactUri {
  readonly addr: NameAddr;
  readonly uri: SipUri;
}

/** Contacts of the message that have a SIP URI. */
export function contactsOf({ message }: ScriptContext): ContactUri[] {
  const found: ContactUri[] = [];
  for (const header of message.findAll(HDR_CONTACT)) {
    for (const addr of parseNameAddrList(message.raw, header.valueStart, header.valueEnd) ?? []) {
      const uri = parseUri(addr.uri);
      if (uri !== null && uri.host !== '') found.push({ addr, uri });
    }
  }
  return found;
}
