/** No hold. */
export const NOT_ON_HOLD = 0;
/** Null connection address (RFC 2543). */
export const HOLD_NULL_ADDRESS = 1;
/** sendonly or inactive (RFC 3264 §8.4). */
export const HOLD_DIRECTION = 2;

/**
 * How an SDP puts an audio stream on hold. What a media section does not say is taken from the session section (RFC 4566 §5.7, §6).
 * @param sdp the description
 * @returns the first audio stream's kind of hold that is not none
 */
export function audioHold(sdp: string): number {
  const [session, ...media] = sdp.split(/^(?=m=)/m);
  const sessionAddress = address(session ?? '');
  const sessionDirection = direction(session ?? '');
  for (const section of media) {
    if (!section.startsWith('m=audio ')) continue;
    const own = address(section) ?? sessionAddress;
    if (own === '0.0.0.0' || own === '::') return HOLD_NULL_ADDRESS;
    const how = direction(section) ?? sessionDirection;
    if (how === 'sendonly' || how === 'inactive') return HOLD_DIRECTION;
  }
  return NOT_ON_HOLD;
}

function address(section: string): string | undefined {
  return /^c=IN IP[46] ([^\s/]+)/m.exec(section)?.[1];
}

function direction(section: string): string | undefined {
  return /^a=(sendrecv|sendonly|recvonly|inactive)\s*$/m.exec(section)?.[1];
}
