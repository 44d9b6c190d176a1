/** What fix_nated_sdp() does, as bits. */
export const SDP_DIRECTION = 1;
export const SDP_CONNECTION = 2;
export const SDP_NORTPPROXY = 4;
export const SDP_ORIGIN = 8;

/** How an SDP is changed. */
export interface SdpFix {
  readonly bits: number;
  /** Address that takes the place of the others'. */
  readonly ip: string;
  /** Line without its end, in the place of Kamailio's a=nortpproxy:yes. */
  readonly noRtpproxy: string;
  /** The addresses that were there are noted as a=oldmediaip. */
  readonly oldMediaIp: boolean;
}

/** Addresses of the c= lines. */
export function connectionAddresses(sdp: string): string[] {
  return [...sdp.matchAll(/^c=IN IP[46] ([^\s/]+)/gm)].map(([, address = '']) => address);
}

/** The SDP with the changes, in Kamailio's places. @returns null when nothing is to be changed */
export function fixSdp(sdp: string, fix: SdpFix): string | null {
  const { bits, ip, noRtpproxy, oldMediaIp } = fix;
  const family = ip.includes(':') ? 'IP6' : 'IP4';
  const old: string[] = [];
  let text = sdp.endsWith('\n') ? sdp : `${sdp}\r\n`;
  const swap = (pattern: RegExp): void => {
    text = text.replace(pattern, (_, before: string, address: string, after: string) => {
      old.push(address);
      return `${before}IN ${family} ${ip}${after}`;
    });
  };
  if ((bits & SDP_CONNECTION) !== 0) swap(/^(c=)IN IP[46] ([^\s/]+)([^\r\n]*)/gm);
  if ((bits & SDP_ORIGIN) !== 0) swap(/^(o=\S+ \S+ \S+ )IN IP[46] ([^\s/]+)([^\r\n]*)/gm);
  if ((bits & SDP_DIRECTION) !== 0) {
    text = text
      .split(/^(?=m=)/m)
      .map((section) => (section.startsWith('m=') ? `${section}a=direction:active\r\n` : section))
      .join('');
  }
  if ((bits & SDP_NORTPPROXY) !== 0) text += `${noRtpproxy}\r\n`;
  if (oldMediaIp) for (const address of old) text += `a=oldmediaip:${address}\r\n`;
  return text === sdp ? null : text;
}
