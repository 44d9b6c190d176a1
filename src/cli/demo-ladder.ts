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

/** Characters between two of the ladder's lines. */
const SPAN = 21;
const MARGIN = 8;

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

function label(message: SipMessage): string {
  if (!message.isRequest) {
    const text = `${message.status} ${message.reason}`;
    return text.length <= SPAN - 6 ? text : String(message.status);
  }
  return hasCredentials(message) ? `${message.method} + digest` : message.method;
}

/** Draws messages as they pass: one line each, the server between the phone and the carrier. */
export class Ladder {
  private readonly glyphs: Glyphs;
  private readonly started = performance.now();

  constructor(utf8: boolean) {
    this.glyphs = utf8 ? DRAWN : PLAIN;
  }

  /** The line with the names over the ladder's uprights. */
  header(): string {
    const row = [' '.repeat(MARGIN), 'phone'.padEnd(SPAN - 2), 'Trunkline'.padEnd(SPAN - 2), 'carrier'];
    return row.join('').replace(/^ {2}/, '  ');
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
    const about = message.isRequest
      ? `From ${fromText(message)}  CSeq ${message.cseq?.seq ?? '?'}`
      : `From ${fromText(message)}`;
    return `${this.time()}${body}  ${about}`;
  }

  /** What the server says in between. */
  note(text: string): string {
    const { line } = this.glyphs;
    const gap = ' '.repeat(SPAN);
    return `${this.time()}${line}${gap}${line}${gap}${line}  ${text}`;
  }

  private time(): string {
    const text = `${Math.round(performance.now() - this.started)} ms`;
    return `${text.padStart(MARGIN)}  `;
  }

  private arrow(text: string, rightwards: boolean): string {
    const { dash, left, right } = this.glyphs;
    const shaft = `${dash.repeat(2)} ${text} `.padEnd(SPAN - 1, dash);
    return rightwards ? `${shaft}${right}` : `${left}${shaft}`;
  }
}
