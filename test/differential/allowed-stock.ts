import type { AllowedDifference } from './allowed.ts';

/** Where replies with the stock configuration differ on purpose; read as allowed.ts. */
export const ALLOWED_STOCK: Readonly<Record<string, AllowedDifference>> = {
  'OPTIONS with many hops left': {
    reason: 'a Max-Forwards that is brought down is written with one blank',
    lines: [
      'callee 0 OPTIONS sip:bob@CALLEE SIP/2.0: - Max-Forwards:  70',
      'callee 0 OPTIONS sip:bob@CALLEE SIP/2.0: + Max-Forwards: 70',
    ],
  },
  'REGISTER of a whole list': {
    reason: 'one final reply: sl_reply_error() after the refusal of save() sends nothing',
    lines: ["caller 2: - SIP/2.0 500 I'm terribly sorry, server error occurred (1/SL) (whole message)"],
  },
  'REGISTER with an unreadable Contact': {
    reason: 'one final reply: sl_reply_error() after the refusal of save() sends nothing',
    lines: ["caller 2: - SIP/2.0 500 I'm terribly sorry, server error occurred (1/SL) (whole message)"],
  },
  'INVITE to one who is busy': {
    reason: 'the ACK to a refusal is a request of this hop and has all its hops left',
    lines: [
      'callee 1 ACK sip:carol@CALLEE SIP/2.0: - Max-Forwards: 69',
      'callee 1 ACK sip:carol@CALLEE SIP/2.0: + Max-Forwards: 70',
    ],
  },
  'NAT INVITE to one who is busy': {
    reason: 'the ACK to a refusal is a request of this hop and has all its hops left',
    lines: [
      'callee 1 ACK sip:carol@10.9.8.6:5060 SIP/2.0: - Max-Forwards: 69',
      'callee 1 ACK sip:carol@10.9.8.6:5060 SIP/2.0: + Max-Forwards: 70',
    ],
  },
  'INVITE to a telephone number': {
    reason: 'one final reply: the transaction answers, sl_reply_error() sends nothing',
    lines: [
      'caller 2 SIP/2.0 478 Unresolvable destination (478/SL): - SIP/2.0 478 Unresolvable destination (478/SL)',
      'caller 2 SIP/2.0 478 Unresolvable destination (478/SL): + SIP/2.0 478 Unresolvable destination (478/TM)',
      'caller 3: - SIP/2.0 478 Unresolvable destination (478/TM) (whole message)',
    ],
  },
  'INVITE to a sips URI': {
    reason:
      'Record-Route has the scheme of the URI that the request goes on with (RFC 3261 §16.6 step 4, after step 2)',
    lines: [
      'caller 2 SIP/2.0 200 OK: - Record-Route: <sips:127.0.0.1:SERVER;lr>',
      'caller 2 SIP/2.0 200 OK: + Record-Route: <sip:127.0.0.1:SERVER;lr>',
      'callee 0 INVITE sip:bob@CALLEE SIP/2.0: - Record-Route: <sips:127.0.0.1:SERVER;lr>',
      'callee 0 INVITE sip:bob@CALLEE SIP/2.0: + Record-Route: <sip:127.0.0.1:SERVER;lr>',
    ],
  },
  'INVITE to an unknown scheme': {
    reason: '416 is for a scheme that is not known (RFC 3261 §8.2.2.1)',
    lines: [
      'caller 0 SIP/2.0 400 Bad Request URI: - SIP/2.0 400 Bad Request URI',
      'caller 0 SIP/2.0 400 Bad Request URI: + SIP/2.0 416 Unsupported URI Scheme',
    ],
  },
  'INVITE with a wrong length': {
    reason: 'what cannot be read is refused before the script, with the parser’s own words',
    lines: [
      'caller 0 SIP/2.0 400 Content-Length mis-match: - SIP/2.0 400 Content-Length mis-match',
      'caller 0 SIP/2.0 400 Content-Length mis-match: + SIP/2.0 400 Content-Length larger than message',
    ],
  },
  'INVITE with a length that is none': {
    reason: 'a request that cannot be read is refused with 400; there it gets no reply',
    lines: ['caller 0: + SIP/2.0 400 Bad Content-Length (whole message)'],
  },
  'INVITE with another method in CSeq': {
    reason: 'what cannot be read is refused before the script, with the parser’s own words',
    lines: [
      'caller 0 SIP/2.0 400 CSeq method does not match request method: - SIP/2.0 400 CSeq method does not match request method',
      'caller 0 SIP/2.0 400 CSeq method does not match request method: + SIP/2.0 400 CSeq method does not match the request',
    ],
  },
  'INVITE with a CSeq that is no number': {
    reason: 'what cannot be read is refused before the script, with the parser’s own words',
    lines: [
      'caller 0 SIP/2.0 400 CSeq number is illegal: - SIP/2.0 400 CSeq number is illegal',
      'caller 0 SIP/2.0 400 CSeq number is illegal: + SIP/2.0 400 Bad CSeq',
    ],
  },
  'INVITE with a CSeq too large': {
    reason: 'a CSeq has 31 bits (RFC 3261 §8.1.1.5)',
    lines: [
      'caller 0 SIP/2.0 100 trying -- your call is important to us: - SIP/2.0 100 trying -- your call is important to us',
      'caller 0 SIP/2.0 100 trying -- your call is important to us: + SIP/2.0 400 Bad CSeq',
      'caller 0 SIP/2.0 100 trying -- your call is important to us: - To: <sip:bob@home.example>',
      'caller 0 SIP/2.0 100 trying -- your call is important to us: + To: <sip:bob@home.example>;tag=*',
      'caller 1: - SIP/2.0 200 OK (whole message)',
      'callee 0: - INVITE sip:bob@CALLEE SIP/2.0 (whole message)',
    ],
  },
  'INVITE without CSeq': {
    reason: 'a request without a mandatory header is refused with 400 (RFC 3261 §8.1.1); there it gets no reply',
    lines: ['caller 0: + SIP/2.0 400 Missing required header (whole message)'],
  },
  'INVITE without From': {
    reason: 'a request without a mandatory header is refused with 400 (RFC 3261 §8.1.1); there it gets no reply',
    lines: ['caller 0: + SIP/2.0 400 Missing required header (whole message)'],
  },
  'INVITE without To': {
    reason: 'a request without a mandatory header is refused with 400 (RFC 3261 §8.1.1); there it gets no reply',
    lines: ['caller 0: + SIP/2.0 400 Missing required header (whole message)'],
  },
  'INVITE without Call-ID': {
    reason: 'a request without a mandatory header is refused with 400 (RFC 3261 §8.1.1); there it gets no reply',
    lines: ['caller 0: + SIP/2.0 400 Missing required header (whole message)'],
  },
  'INVITE with Max-Forwards that is no number': {
    reason: 'a number that is none is no number of hops: 400, not 483',
    lines: [
      'caller 0 SIP/2.0 483 Too Many Hops: - SIP/2.0 483 Too Many Hops',
      'caller 0 SIP/2.0 483 Too Many Hops: + SIP/2.0 400 Bad Max-Forwards',
    ],
  },
  'INVITE of SIP 3': {
    reason: '505 says what is wrong (RFC 3261 §21.5.6); there is no reply there',
    lines: ['caller 0: + SIP/2.0 505 Version Not Supported (whole message)'],
  },
};
