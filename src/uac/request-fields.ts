import { hasCrlf } from '../message/sanitize.ts';

/** Text keys of $uac_req with the most bytes that each takes (uac README, "uac_req_send"). */
const TEXTS = {
  method: 31,
  ruri: 1023,
  turi: 1023,
  furi: 1023,
  ttag: 127,
  ftag: 127,
  hdrs: 2047,
  body: 32_767,
  ouri: 1023,
  sock: 1023,
  callid: 127,
  auser: 127,
  // Wide enough for the HA1 of SHA-256, which Kamailio's 63 bytes are not.
  apasswd: 127,
  arealm: 127,
  evparam: 127,
} as const;

/** Number keys. */
const NUMBERS = ['cseqno', 'flags', 'evroute', 'evcode', 'evtype', 'fr_timeout', 'fr_inv_timeout'] as const;

export type RequestText = keyof typeof TEXTS;
export type RequestNumber = (typeof NUMBERS)[number];
export type RequestKey = RequestText | RequestNumber;

/** Texts that may hold line ends: they are written as lines. */
const LINES: ReadonlySet<string> = new Set<RequestText>(['hdrs', 'body']);

/** Every key, as docs and the checker name them. */
export const REQUEST_KEYS: readonly RequestKey[] = [...(Object.keys(TEXTS) as RequestText[]), ...NUMBERS];

export function isTextKey(key: string): key is RequestText {
  return key in TEXTS;
}

export function isNumberKey(key: string): key is RequestNumber {
  return (NUMBERS as readonly string[]).includes(key);
}

/** Why a value was not taken. */
export type RequestFieldError = 'UAC_REQ_TYPE' | 'UAC_REQ_TOO_LONG' | 'UAC_REQ_LINE_END';

/**
 * The request that a script puts together key by key ($uac_req). It belongs to the message being processed: Kamailio has one for each process,
 * where credentials of one call stay for the next.
 */
export class RequestFields {
  private readonly texts = new Map<RequestText, string>();
  private readonly numbers = new Map<RequestNumber, number>();

  text(key: RequestText): string {
    return this.texts.get(key) ?? '';
  }

  number(key: RequestNumber): number {
    return this.numbers.get(key) ?? 0;
  }

  /** @returns the value, null for a text that is not set */
  get(key: RequestKey): string | number | null {
    return isTextKey(key) ? (this.texts.get(key) ?? null) : this.number(key);
  }

  /** Sets a key; null clears it. @returns null, or why the value was refused: the old one stays */
  set(key: RequestKey, value: string | number | null): RequestFieldError | null {
    if (isTextKey(key)) {
      if (value === null) this.texts.delete(key);
      else if (typeof value !== 'string') return 'UAC_REQ_TYPE';
      else if (value.length > TEXTS[key]) return 'UAC_REQ_TOO_LONG';
      else if (!LINES.has(key) && hasCrlf(value)) return 'UAC_REQ_LINE_END';
      else this.texts.set(key, value);
      return null;
    }
    if (value === null) this.numbers.delete(key);
    else if (typeof value !== 'number') return 'UAC_REQ_TYPE';
    else this.numbers.set(key, value);
    return null;
  }

  /** $uac_req(all)=$null: everything goes, credentials too. */
  clear(): void {
    this.texts.clear();
    this.numbers.clear();
  }

  /** A copy that later changes do not touch. */
  copy(): RequestFields {
    const copy = new RequestFields();
    for (const [key, value] of this.texts) copy.texts.set(key, value);
    for (const [key, value] of this.numbers) copy.numbers.set(key, value);
    return copy;
  }
}
