/** The stock configuration on both servers, one called phone with three registered users, and rows that must come out the same. */
import assert from 'node:assert/strict';
import { SipPeer } from '../support/sip-peer.ts';
import type { AllowedDifference } from './allowed.ts';
import { differences } from './compare.ts';
import { DOMAIN, PASSWORD, type Row, type Shot, StockSide } from './stock-side.ts';

/** Its calls need no password. */
const TRUSTED = '127.0.3.1';

export class StockPair {
  readonly callee: SipPeer;
  readonly gateway: SipPeer;
  /** Kamailio first. */
  private readonly sides: readonly StockSide[];

  private constructor(sides: readonly StockSide[], callee: SipPeer, gateway: SipPeer) {
    this.sides = sides;
    this.callee = callee;
    this.gateway = gateway;
  }

  /**
   * @param more definitions beside the usual ones
   * @param behind host:port that the called phone takes for its own; what it has really, unless it is behind NAT
   */
  static async start(more: readonly string[] = [], behind = ''): Promise<StockPair> {
    const callee = await SipPeer.open({ name: 'callee', host: '127.0.2.1' });
    const gateway = await SipPeer.open({ name: 'caller', host: TRUSTED });
    const sides: StockSide[] = [];
    for (const kind of ['kamailio', 'trunkline'] as const) sides.push(await StockSide.start(kind, TRUSTED, more));
    const contact = (user: string): string => `Contact: <sip:${user}@${behind === '' ? callee.address : behind}>`;
    callee.on(
      (m) => m.isRequest && m.method !== 'ACK',
      (m) => {
        const busy = m.uri.startsWith('sip:carol@');
        const headers = [contact('bob')];
        void callee.reply(m, busy ? 486 : 200, busy ? 'Busy Here' : 'OK', { toTag: 'callee', headers });
      },
    );
    for (const side of sides)
      for (const user of ['bob', 'carol', 'dave']) {
        const shot: Shot = {
          method: 'REGISTER',
          from: `<sip:${user}@${DOMAIN}>;tag=ours1`,
          to: `<sip:${user}@${DOMAIN}>`,
          contact: contact(user),
          headers: user === 'dave' ? ['Allow: INVITE, ACK, CANCEL, BYE'] : [],
        };
        const shots = [shot, { ...shot, answers: { user, password: PASSWORD } }];
        const { legs } = await side.play({ name: `${user} registers`, shots }, callee, gateway);
        assert.match(legs.caller?.at(-1) ?? '', /^SIP\/2\.0 200 /, side.server.tail());
      }
    return new StockPair(sides, callee, gateway);
  }

  async stop(): Promise<void> {
    for (const side of this.sides) await side.stop();
    await this.callee.close();
    await this.gateway.close();
  }

  /**
   * Plays a row on both and compares; CALLEE in it is where the called phone is.
   * @param host the caller's address: one of its own for each row, so that none suffers from another
   */
  async compare(row: Row, host: string, allowed: AllowedDifference | undefined): Promise<void> {
    const caller = await SipPeer.open({ name: 'caller', host });
    try {
      await this.compareFor(row, caller, allowed);
    } finally {
      await caller.close();
    }
  }

  /** The same for a peer that is there. */
  async compareFor(row: Row, caller: SipPeer, allowed?: AllowedDifference): Promise<void> {
    const { host, port, address } = this.callee;
    const there = (text: string): string =>
      text.replace('CALLEE_ALIAS', `${host}~${port}~1`).replace('CALLEE', address);
    const shots = row.shots.map((shot) => ({
      ...shot,
      ...(shot.uri === undefined ? {} : { uri: there(shot.uri) }),
      ...(shot.headers === undefined ? {} : { headers: shot.headers.map(there) }),
    }));
    const outcomes = [];
    for (const side of this.sides) outcomes.push(await side.play({ ...row, shots }, caller, this.callee));
    const [theirs, ours] = outcomes;
    assert.ok(theirs !== undefined && ours !== undefined);
    const plain = (line: string): string =>
      line.replaceAll(address, 'CALLEE').replaceAll(caller.address, 'CALLER').replaceAll(`${caller.port}`, 'PORT');
    assert.deepEqual(differences(theirs, ours).map(plain), allowed?.lines ?? []);
  }
}
