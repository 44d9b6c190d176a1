/** The trunk example between a scripted phone and a scripted carrier. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type ServerKind, serverUnderTest, startServer, type TestServer } from '../support/servers.ts';
import { Dialog, requestText, SDP } from '../support/sip-dialog.ts';
import { type PeerMessage, type Remote, type Selector, SipPeer } from '../support/sip-peer.ts';
import { authParameters, expectedResponse } from './digest-oracle.ts';

export const EXAMPLE = join(import.meta.dirname, '..', '..', 'examples', 'trunk', 'kamailio.cfg');

export const REALM = 'carrier.example.com';

/** How the carrier challenges. */
export interface Challenge {
  readonly status: 401 | 407;
  /** Parameters after realm and nonce. */
  readonly more: string;
}

/** A server that runs the trunk example, a phone inside and a carrier outside. */
export class Trunk {
  readonly server: TestServer;
  readonly phone: SipPeer;
  readonly carrier: SipPeer;
  private nonces = 0;

  private constructor(server: TestServer, phone: SipPeer, carrier: SipPeer) {
    this.server = server;
    this.phone = phone;
    this.carrier = carrier;
  }

  /** @param cfg instead of the example; CARRIER_PORT in it becomes the carrier's port */
  static async start(cfg?: string, kind: ServerKind = serverUnderTest): Promise<Trunk> {
    const phone = await SipPeer.open({ name: 'phone' });
    const carrier = await SipPeer.open({ name: 'carrier' });
    const server = await startServer({
      kind,
      ...(cfg === undefined
        ? { file: EXAMPLE, defines: [`CARRIER="sip:127.0.0.1:${carrier.port}"`] }
        : { cfg, subst: { CARRIER_PORT: carrier.port } }),
    });
    return new Trunk(server, phone, carrier);
  }

  async stop(): Promise<void> {
    await this.phone.close();
    await this.carrier.close();
    await this.server.stop();
  }

  get remote(): Remote {
    return { host: '127.0.0.1', port: this.server.port };
  }

  /** A call by its Call-ID: the same peers serve many. */
  of(callId: string): { phone: (s: Selector) => Promise<PeerMessage>; carrier: (s: Selector) => Promise<PeerMessage> } {
    const at = (peer: SipPeer) => (selector: Selector) => peer.expect(both(selector, callId));
    return { phone: at(this.phone), carrier: at(this.carrier) };
  }

  async invite(callId: string, headers: readonly string[] = []): Promise<string> {
    const text = requestText(this.phone, {
      uri: 'sip:+15551234@carrier.example.com',
      to: '<sip:+15551234@carrier.example.com>',
      from: '"Alice A" <sip:alice@atlanta.example.com>;tag=alice',
      contact: `Contact: <sip:line1@${this.phone.address}>`,
      callId,
      headers,
      body: SDP,
    });
    await this.phone.send(text, this.remote);
    return text;
  }

  /** The carrier refuses a request with a new challenge. */
  async challenge(request: PeerMessage, { status, more }: Challenge): Promise<void> {
    const name = status === 401 ? 'WWW-Authenticate' : 'Proxy-Authenticate';
    await this.carrier.reply(request, status, status === 401 ? 'Unauthorized' : 'Proxy Authentication Required', {
      toTag: `refused${this.nonces}`,
      headers: [`${name}: Digest realm="${REALM}", nonce="nonce-${++this.nonces}", opaque="o-1"${more}`],
    });
  }

  /** Checks a request's credentials by the book. */
  assertAuthorized(request: PeerMessage, { status }: Challenge, password = 'test'): void {
    const values = request.all(status === 401 ? 'Authorization' : 'Proxy-Authorization');
    assert.equal(values.length, 1, 'one answer to one challenge');
    const parameters = authParameters(values[0] ?? '');
    assert.equal(parameters.get('nonce'), `nonce-${this.nonces}`);
    assert.equal(parameters.get('opaque'), 'o-1');
    assert.equal(parameters.get('uri'), request.uri);
    assert.equal(parameters.get('response'), expectedResponse(parameters, password, request.method, request.body));
  }

  get contact(): string {
    return `Contact: <sip:trunk@${this.carrier.address}>`;
  }

  /** Both sides' view of a call after a reply that made the dialog. */
  dialogs(invite: PeerMessage, reply: PeerMessage): { phone: Dialog; carrier: Dialog } {
    return {
      phone: Dialog.ofCaller(this.phone, reply, this.remote),
      carrier: Dialog.ofCallee(this.carrier, invite, 'callee', this.remote),
    };
  }

  /** A request in the call, answered by the other side; what arrived there and what came back. */
  async ask(
    dialog: Dialog,
    method: string,
    headers: readonly string[] = [],
    body = '',
  ): Promise<{ readonly request: PeerMessage; readonly reply: PeerMessage }> {
    const other = dialog.peer === this.phone ? this.carrier : this.phone;
    await dialog.send(method, { headers, ...(body === '' ? {} : { body }) });
    const request = await other.expect(both(method, dialog.callId));
    await other.reply(request, 200, 'OK', { headers: [`Contact: <sip:${other.name}@${other.address}>`] });
    const reply = await dialog.peer.expect(
      (m) => m.callId === dialog.callId && m.status === 200 && m.method === method && m.cseq.seq === dialog.cseq,
    );
    return { request, reply };
  }

  async ack(dialog: Dialog, cseq: number): Promise<PeerMessage> {
    const other = dialog.peer === this.phone ? this.carrier : this.phone;
    await dialog.send('ACK', { cseq });
    return other.expect(
      (m) =>
        m.callId === dialog.callId &&
        m.isRequest &&
        m.method === 'ACK' &&
        m.tag('To') !== '' &&
        !m.tag('To').startsWith('refused'),
    );
  }
}

/** A selector of messages of one call. */
export function both(selector: Selector, callId: string): (message: PeerMessage) => boolean {
  return (message) => {
    if (message.callId !== callId) return false;
    if (typeof selector === 'function') return selector(message);
    if (typeof selector === 'number') return message.status === selector;
    const [status, method] = selector.split(' ');
    if (method !== undefined) return message.status === Number(status) && message.method === method;
    return message.isRequest && message.method === selector;
  };
}

/** CANCEL or ACK of the hop: branch, URI and numbers of the INVITE it belongs to. */
export function hopText(method: 'CANCEL' | 'ACK', invite: string, reply?: PeerMessage): string {
  const line = (name: string): string => new RegExp(`\\r\\n(${name}: [^\\r]*)`).exec(invite)?.[1] ?? '';
  return [
    invite.slice(0, invite.indexOf('\r\n')).replace('INVITE', method),
    line('Via'),
    'Max-Forwards: 70',
    line('From'),
    reply === undefined ? line('To') : `To: ${reply.header('To')}`,
    line('Call-ID'),
    line('CSeq').replace('INVITE', method),
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}
