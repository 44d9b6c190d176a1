import { HDR_AUTHORIZATION, HDR_PROXY_AUTHORIZATION } from '../message/header-name.ts';
import type { SipMessage } from '../message/message.ts';

/** Who a message was seen at, in the demo's ladder. */
export type Party = 'phone' | 'carrier';

interface Glyphs {
  readonly line: string;
  readonly dash: string;
  readonly right: string;
  readonly left: string;
}

const DRAWN: Glyphs = { line: '│', dash: '─', right: '▶', left: '◀' };
const PLAIN: Glyphs = { line: '|', dash: '-', right: '>', left: '<' };

/** Characters between two of the ladder's lines, and before the first: a line then fits 80 columns. */
const SPAN = 18;
const MARGIN = 7;

/** True when the terminal's language settings promise UTF-8. */
export function showsUtf8(env: NodeJS.ProcessEnv): boolean {
  return /utf-?8/i.test(env.LC_ALL || env.LC_CTYPE || env.LANG || '');
}

/** Display name and URI of the From header, without tag. */
export function fromText(message: SipMessage): string {
  const from = message.from;
  if (from === null) return '';
  return `${from.display === '' ? '' : `${from.display} `}<${from.uri}>`;
}

/** True when a request carries digest credentials. */
export function hasCredentials(message: SipMessage): boolean {
  return message.find(HDR_AUTHORIZATION) !== undefined || message.find(HDR_PROXY_AUTHORIZATION) !== undefined;
}

/** {@link fromText} without what every URI has. */
function shortFrom(message: SipMessage): string {
  const from = message.from;
  if (from === null) return '';
  const uri = from.uri.replace(/^sip:/, '');
  return from.display === '' ? uri : `${from.display} <${uri}>`;
}

function label(message: SipMessage): string {
  if (!message.isRequest) {
    const text = `${message.status} ${message.reason}`;
    return text.length <= SPAN - 6 ? text : String(message.status);
  }
  return hasCredentials(message) ? `${message.method} + auth` : message.method;
}

/** Draws messages as they pass: one line each, the server between the phone and the carrier. */
export class Ladder {
  private readonly glyphs: Glyphs;
  private started = performance.now();

  constructor(utf8: boolean) {
    this.glyphs = utf8 ? DRAWN : PLAIN;
  }

  /** The lines with the names over the ladder's uprights; time counts from here. */
  header(): string {
    this.started = performance.now();
    const parties = `${'phone'.padEnd(SPAN - 2)}Trunkline${'carrier'.padStart(SPAN - 3)}`;
    return `   ms  ${parties} CSeq, From`;
  }

  /**
   * One message.
   * @param party whose end it was seen at
   * @param sent true when that party sent it
   */
  message(party: Party, sent: boolean, message: SipMessage): string {
    const { line } = this.glyphs;
    // Left to right is away from the phone.
    const rightwards = party === 'phone' ? sent : !sent;
    const arrow = this.arrow(label(message), rightwards);
    const gap = ' '.repeat(SPAN);
    const body = party === 'phone' ? `${line}${arrow}${line}${gap}${line}` : `${line}${gap}${line}${arrow}${line}`;
    return `${this.time()}${body} ${message.cseq?.seq ?? '?'} ${shortFrom(message)}`;
  }

  /** What the server says in between. */
  note(text: string): string {
    return `${this.time()}${text}`;
  }

  private time(): string {
    return `${String(Math.round(performance.now() - this.started)).padStart(MARGIN - 2)}  `;
  }

  private arrow(text: string, rightwards: boolean): string {
    const { dash, left, right } = this.glyphs;
    const shaft = `${dash.repeat(2)} ${text} `.padEnd(SPAN - 1, dash);
    return rightwards ? `${shaft}${right}` : `${left}${shaft}`;
  }
}
