/**
 * The stock configuration on one server, and single messages played to it. The peers are the same for both servers and write the same bytes, so
 * that what differs comes from the server. Each row has a source address of its own: what one does (floods, bans) is nothing to the others.
 */
import { answerChallenge } from '../support/digest-answer.ts';
import { type ServerKind, sleep, startServer, type TestServer } from '../support/servers.ts';
import { requestText } from '../support/sip-dialog.ts';
import type { PeerMessage, SipPeer } from '../support/sip-peer.ts';
import { StockPlace } from '../support/stock-place.ts';
import type { Outcome } from './world.ts';

export const DOMAIN = 'home.example';
export const PASSWORD = 'w0nder';
const DEFINES = ['AUTH', 'IPAUTH', 'USRLOCDB', 'ALIASDB', 'SPEEDDIAL', 'ANTIFLOOD'];
const PATIENCE = 10_000;
/** Milliseconds in which one of the original's processes ends what it does while another one has answered already. */
const QUIET = 60;
/** Call-IDs of requests that only tell that the server has done with what came before. */
const ECHO = 'echo-';

/** One message of a row. What is not said is what a well-behaved phone of alice would write. */
export interface Shot {
  readonly method?: string;
  readonly uri?: string;
  readonly from?: string;
  readonly to?: string;
  readonly cseq?: number;
  readonly maxForwards?: number | null;
  readonly contact?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
  /** The same Via branch for messages of one transaction. */
  readonly branch?: string;
  /** The last word: the text as it goes out. */
  readonly edit?: (text: string) => string;
  /** Answers the last challenge of the row. */
  readonly answers?: { readonly user: string; readonly password: string };
  /** No reply is expected; one that comes all the same is compared. */
  readonly silent?: boolean;
}

/** Messages that follow each other. */
export interface Row {
  readonly name: string;
  readonly shots: readonly Shot[];
}

/** A server with the stock configuration and its database. */
export class StockSide {
  readonly server: TestServer;
  private readonly place: StockPlace;

  private constructor(server: TestServer, place: StockPlace) {
    this.server = server;
    this.place = place;
  }

  /**
   * @param trusted address whose calls need no password
   * @param more definitions beside the usual ones
   */
  static async start(kind: ServerKind, trusted: string, more: readonly string[] = []): Promise<StockSide> {
    const place = new StockPlace(
      `alias="${DOMAIN}"\nserver_header="Server: stock"\nuser_agent_header="User-Agent: stock"\n`,
    );
    const user = place.database.prepare('INSERT INTO subscriber (username, domain, password) VALUES (?, ?, ?)');
    for (const name of ['alice', 'bob', 'carol', 'dave']) user.run(name, DOMAIN, PASSWORD);
    place.database.prepare('INSERT INTO address (grp, ip_addr, mask, port) VALUES (1, ?, 32, 0)').run(trusted);
    place.database.exec(`INSERT INTO dbaliases VALUES (NULL, 'boss', '${DOMAIN}', 'bob', '${DOMAIN}')`);
    place.database.exec(
      `INSERT INTO speed_dial (username, domain, sd_username, new_uri) VALUES ('alice', '${DOMAIN}', '42', 'sip:bob@${DOMAIN}')`,
    );
    const defines = [...DEFINES, ...more].map((name) => `WITH_${name}`);
    const args = kind === 'trunkline' ? ['--unsupported', 'warn'] : [];
    return new StockSide(await startServer({ kind, file: place.file, defines, args }), place);
  }

  async stop(): Promise<void> {
    await this.server.discard();
    this.place.close();
  }

  /** Plays a row. What goes wrong is part of the outcome: on the other server it must go wrong in the same way. */
  async play(row: Row, caller: SipPeer, callee: SipPeer): Promise<Outcome> {
    const callId = `${row.name.replace(/\W+/g, '-')}@stock`;
    const peers = { caller, callee };
    const marks = Object.values(peers).map((peer) => peer.trace.length);
    const to = { host: '127.0.0.1', port: this.server.port };
    let challenge = '';
    let problem = '';
    try {
      for (const [n, shot] of row.shots.entries()) {
        const text = this.text(shot, n, callId, caller, challenge);
        const at = caller.trace.length;
        await caller.send(text, to);
        if (shot.silent === true) {
          await this.settled(caller);
          continue;
        }
        const final = await finalSince(caller, at, callId);
        const asked = final.header('WWW-Authenticate') || final.header('Proxy-Authenticate');
        if (asked !== '') challenge = asked;
        if (final.method === 'INVITE' && final.status >= 300) await caller.send(ackOf(text, final), to);
      }
      await this.settled(caller);
    } catch (error) {
      problem = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    }
    const legs: Record<string, readonly string[]> = {};
    Object.entries(peers).forEach(([name, peer], i) => {
      legs[name] = peer.trace
        .slice(marks[i])
        // A callee of both servers gets what the other one still repeats.
        .filter(
          (m) =>
            m.direction === 'in' &&
            !m.repeated &&
            !m.callId.startsWith(ECHO) &&
            m.text.replaceAll('\0', '').trim() !== '' &&
            m.remote.port === this.server.port,
        )
        .map((m) => this.normalise(m));
    });
    if (problem !== '') legs.problem = [problem];
    return { legs, printed: [] };
  }

  /** Waits until the server answers: what came before has been worked on then. */
  private async settled(caller: SipPeer): Promise<void> {
    const at = caller.trace.length;
    const callId = `${ECHO}${at}@stock`;
    await caller.send(requestText(caller, { method: 'OPTIONS', uri: `sip:${DOMAIN}`, callId }), {
      host: '127.0.0.1',
      port: this.server.port,
    });
    await finalSince(caller, at, callId);
    await sleep(QUIET);
  }

  private text(shot: Shot, n: number, callId: string, caller: SipPeer, challenge: string): string {
    const method = shot.method ?? 'INVITE';
    const uri = shot.uri ?? (method === 'REGISTER' ? `sip:${DOMAIN}` : `sip:bob@${DOMAIN}`);
    const { answers } = shot;
    const credentials =
      answers === undefined
        ? []
        : [
            `${method === 'REGISTER' ? '' : 'Proxy-'}Authorization: ${answerChallenge(challenge, { ...answers, method, uri, nc: 1 })}`,
          ];
    const text = requestText(caller, {
      method,
      uri,
      from: shot.from ?? `<sip:alice@${DOMAIN}>;tag=ours1`,
      to: shot.to ?? (method === 'REGISTER' ? `<sip:alice@${DOMAIN}>` : `<${uri}>`),
      callId,
      cseq: shot.cseq ?? n + 1,
      branch: shot.branch ?? `z9hG4bKours${callId.replace('@', '')}${n}`,
      ...(shot.maxForwards === undefined ? {} : { maxForwards: shot.maxForwards }),
      ...(shot.contact === undefined ? {} : { contact: shot.contact }),
      body: shot.body ?? '',
      headers: [...(shot.headers ?? []), ...credentials],
    });
    // As phones have it (RFC 3581 §3).
    const usual = text.replace(/(\r\nVia: [^\r]*)/, '$1;rport');
    return shot.edit === undefined ? usual : shot.edit(usual);
  }

  /** A message without what two runs of one server differ in; the order of Via's parameters has no meaning. */
  private normalise(message: PeerMessage): string {
    return (
      message.text
        .replace(/^(Via: )(.*)$/gm, (_, name: string, value: string) => {
          const [first = '', ...params] = value.trimEnd().split(';');
          return `${name}${[first, ...params.toSorted()].join(';')}\r`;
        })
        .replaceAll(new RegExp(`\\b${this.server.port}\\b`, 'g'), 'SERVER')
        .replace(/branch=(?!z9hG4bKours)[^;,\r\n\s>]+/g, 'branch=*')
        .replace(/(;tag=)(?!ours|callee)[^;\s>]+/g, '$1*')
        .replace(/nonce="[^"]*"/g, 'nonce="*"')
        // A second that went by.
        .replace(/;expires=3599\b/g, ';expires=3600')
    );
  }
}

/** The first final reply to a request after a mark; a refusal may have lost its Call-ID. @throws Error when none comes */
async function finalSince(peer: SipPeer, mark: number, callId: string): Promise<PeerMessage> {
  const isIts = (m: PeerMessage): boolean => m.callId === callId || (m.callId === '' && !callId.startsWith(ECHO));
  for (let waited = 0; waited < PATIENCE; waited += 5) {
    const final = peer.trace.slice(mark).find((m) => m.direction === 'in' && m.status >= 200 && isIts(m));
    if (final !== undefined) return final;
    await sleep(5);
  }
  throw new Error('no final reply');
}

/** ACK of a negative reply (RFC 3261 §17.1.1.3). */
function ackOf(invite: string, final: PeerMessage): string {
  const line = (name: string): string => new RegExp(`\\r\\n(${name}: [^\\r]*)`).exec(invite)?.[1] ?? '';
  return [
    `ACK ${invite.split(' ')[1]} SIP/2.0`,
    line('Via'),
    'Max-Forwards: 70',
    line('From'),
    `To: ${final.header('To')}`,
    line('Call-ID'),
    `CSeq: ${final.cseq.seq} ACK`,
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}
