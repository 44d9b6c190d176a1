/**
 * A million broken messages. Deterministic: the seed is printed and can be set by TRUNKLINE_FUZZ_SEED, the number of messages by
 * TRUNKLINE_FUZZ_COUNT.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseChallenges, parseCredentials } from '../../src/message/auth-header.ts';
import { messageContacts } from '../../src/message/contact.ts';
import { EditList, type Outbound } from '../../src/message/edits.ts';
import { StreamFramer } from '../../src/message/framer.ts';
import type { HeaderField, SipMessage } from '../../src/message/message.ts';
import { parseNameAddrList } from '../../src/message/name-addr.ts';
import { parseParams } from '../../src/message/params.ts';
import { DEFAULT_LIMITS, ParseFailure, parseMessage } from '../../src/message/parser.ts';
import {
  addReceivedRport,
  buildAck,
  buildCancel,
  buildForwardedRequest,
  buildForwardedResponse,
  buildResponse,
} from '../../src/message/serializer.ts';
import { parseUri, uriEquals, uriParam, withParam, withUser } from '../../src/message/uri.ts';
import { CORPUS } from './corpus.ts';

const SEED = Number(process.env.TRUNKLINE_FUZZ_SEED ?? 20260101);
const COUNT = Number(process.env.TRUNKLINE_FUZZ_COUNT ?? 1_000_000);
const OUT: Outbound = { proto: 'tcp', host: '198.51.100.1', port: 5060 };
const VIA = 'SIP/2.0/TCP 198.51.100.1;branch=z9hG4bKfuzz';
/** Characters that mean something somewhere in the grammar. */
const SPECIAL = '\r\n\r\n \t:;,<>"\\@?&=%[]/.*-+0129aZ\0\x7f\x80\xff';

/** xorshift32: the same sequence everywhere. */
function generator(seed: number): (below: number) => number {
  let state = seed | 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function mutate(text: string, pick: (below: number) => number): string {
  const { length } = text;
  if (length === 0) return '\n';
  const at = pick(length);
  switch (pick(9)) {
    case 0: // flip a bit
      return text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ (1 << pick(8))) + text.slice(at + 1);
    case 1: // cut the end off
      return text.slice(0, at);
    case 2: // take a piece out
      return text.slice(0, at) + text.slice(at + 1 + pick(20));
    case 3: // put a special character in
      return text.slice(0, at) + SPECIAL.charAt(pick(SPECIAL.length)) + text.slice(at);
    case 4: // overwrite by one
      return text.slice(0, at) + SPECIAL.charAt(pick(SPECIAL.length)) + text.slice(at + 1);
    case 5: {
      // splice with another message
      const other = CORPUS[pick(CORPUS.length)] as string;
      return text.slice(0, at) + other.slice(pick(other.length));
    }
    case 6: {
      // say a piece again
      const piece = text.slice(at, at + 1 + pick(40));
      return text.slice(0, at) + piece.repeat(1 + pick(4)) + text.slice(at);
    }
    case 7: {
      // shuffle header lines
      const lines = text.split('\r\n');
      const from = pick(lines.length);
      const [line] = lines.splice(from, 1);
      lines.splice(pick(lines.length + 1), 0, line as string);
      return lines.join('\r\n');
    }
    default: // double a header line
      return text.replace(/\r\n([^\r]+)/, '\r\n$1\r\n$1');
  }
}

/** Everything that is read on demand. */
function touch(message: SipMessage): void {
  const { raw } = message;
  let at = message.headersStart;
  for (const header of message.headers) {
    assert.ok(header.start >= at && header.nameEnd > header.start && header.valueStart > header.nameEnd);
    assert.ok(header.valueEnd >= header.valueStart && header.end >= header.valueEnd && header.end <= raw.length);
    at = header.end;
  }
  assert.ok(message.headersEnd >= at && message.bodyStart >= message.headersEnd);
  assert.ok(message.bodyEnd >= message.bodyStart && message.bodyEnd <= raw.length);
  for (const via of message.vias) assert.ok(via.end <= raw.length && via.host !== '');
  void [message.from, message.to, message.cseq, message.callId, message.maxForwards, message.body, message.reason];
  if (message.ruri !== null) {
    const uri = message.ruri;
    uriParam(uri, 'lr');
    assert.ok(uriEquals(uri, uri) && withParam(uri, 'x', '1') !== '' && withUser(uri, 'u') !== '');
  }
  messageContacts(message);
  for (const header of message.headers) touchHeader(message, header);
}

function touchHeader(message: SipMessage, header: HeaderField): void {
  const value = message.valueOf(header);
  assert.ok(message.findByName(message.nameOf(header)).length > 0);
  for (const one of parseNameAddrList(value, 0, value.length) ?? []) {
    assert.equal(value.slice(one.uriStart, one.uriEnd), one.uri);
    parseUri(one.uri);
  }
  parseParams(value);
  parseChallenges(value);
  parseCredentials(value);
}

/** What is written for any message can be read again, and holds no header that the message did not. */
function write(message: SipMessage, accepted: boolean): void {
  const edits = new EditList();
  if (!message.isRequest) {
    const text = buildForwardedResponse(message, { edits, branchEdits: null, out: OUT });
    if (accepted && message.vias[1]?.loose === false) assert.ok(!(parseMessage(text) instanceof ParseFailure), text);
    return;
  }
  addReceivedRport(message, edits, '192.0.2.200', 4242, true);
  const reply = buildResponse(message, 400, 'Bad', { toTag: 'x', edits });
  if (!accepted) return;
  assert.ok(!(parseMessage(reply) instanceof ParseFailure), reply);
  const text = buildForwardedRequest(message, {
    requestUri: message.requestUri,
    via: VIA,
    edits,
    branchEdits: null,
    out: OUT,
    maxForwards: 69,
  });
  const sent = parseMessage(text);
  assert.ok(!(sent instanceof ParseFailure), text);
  assert.equal(sent.body, message.body);
  const busy = parseMessage(reply);
  assert.ok(busy instanceof Object && 'headers' in busy);
  assert.ok(!(parseMessage(buildAck(sent, busy)) instanceof ParseFailure), text);
  assert.ok(!(parseMessage(buildCancel(sent)) instanceof ParseFailure), text);
}

test(`fuzz: ${COUNT} messages, seed ${SEED}`, (t) => {
  t.diagnostic(`TRUNKLINE_FUZZ_SEED=${SEED} TRUNKLINE_FUZZ_COUNT=${COUNT}`);
  const pick = generator(SEED);
  let accepted = 0;
  let answerable = 0;
  for (let i = 0; i < COUNT; i++) {
    let text = CORPUS[i % CORPUS.length] as string;
    for (let n = 1 + pick(3); n > 0; n--) text = mutate(text, pick);
    try {
      const result = parseMessage(text);
      const message = result instanceof ParseFailure ? result.message : result;
      if (message !== null) {
        touch(message);
        if (message === result) accepted++;
        else answerable++;
        if (pick(8) === 0) write(message, message === result);
      }
      if (pick(16) === 0) frame(text, pick);
    } catch (error) {
      throw new Error(`message ${i} of seed ${SEED}: ${JSON.stringify(text)}`, { cause: error });
    }
  }
  t.diagnostic(`accepted ${accepted}, refused but answerable ${answerable}`);
  // A fuzzer whose messages are all refused (or all accepted) at once tests little.
  assert.ok(accepted > COUNT / 20 && answerable > COUNT / 20);
});

function frame(text: string, pick: (below: number) => number): void {
  const data = Buffer.from(text, 'latin1');
  const framer = new StreamFramer({ limits: { ...DEFAULT_LIMITS, maxMessage: 4096 } });
  for (let at = 0; at < data.length; ) {
    const size = 1 + pick(60);
    for (const event of framer.push(data.subarray(at, at + size)))
      if (event.kind === 'message') parseMessage(event.raw);
    assert.ok(framer.buffered <= 4096 + 60);
    at += size;
  }
}
