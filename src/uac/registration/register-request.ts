import { utf8Bytes } from '../../digest/credentials.ts';
import type { ListenSocket } from '../../transport/transport.ts';
import type { AccountRow } from './account-row.ts';
import { userPart } from './contact.ts';

/** What one REGISTER is made of. */
export interface RegisterParts {
  readonly row: AccountRow;
  readonly fromTag: string;
  readonly callId: string;
  readonly cseq: number;
  /** Value of the Contact header. */
  readonly contact: string;
  readonly expires: number;
  /** Full User-Agent line with CRLF, or empty. */
  readonly userAgent: string;
  /** Full Supported line with CRLF, or empty. */
  readonly supported: string;
  /** Full Authorization and Proxy-Authorization lines with CRLF, or empty. */
  readonly credentials: string;
}

/** The Request-URI of an account's registrar. */
export function registrarUri(row: AccountRow): string {
  return `sip:${utf8Bytes(row.remoteDomain)}`;
}

/**
 * A REGISTER (RFC 3261 §10.2) from the line after its Via on, its headers in the order in which Kamailio's uac writes them.
 * @returns latin1 text
 */
export function registerRest(parts: RegisterParts): string {
  const { row } = parts;
  const aor = `<sip:${userPart(row.remoteUser)}@${utf8Bytes(row.remoteDomain)}>`;
  return (
    `To: ${aor}\r\nFrom: ${aor};tag=${parts.fromTag}\r\n` +
    `CSeq: ${parts.cseq} REGISTER\r\nCall-ID: ${parts.callId}\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n` +
    `${parts.userAgent}Contact: ${parts.contact}\r\nExpires: ${parts.expires}\r\n${parts.supported}${parts.credentials}\r\n`
  );
}

/**
 * The bytes of a whole REGISTER.
 * @param uri Request-URI
 * @param rest what {@link registerRest} gave
 */
export function registerText(uri: string, socket: ListenSocket, branch: string, rest: string): string {
  const { proto, displayHost, displayPort } = socket;
  // RFC 3581: the answer comes back through a NAT, and tells our address.
  return (
    `REGISTER ${uri} SIP/2.0\r\n` +
    `Via: SIP/2.0/${proto.toUpperCase()} ${displayHost}:${displayPort};branch=${branch};rport\r\n${rest}`
  );
}
