/**
 * Where Trunkline's messages differ from Kamailio's on purpose: row of the table → why, and exactly what. A row that is not listed must be
 * the same byte for byte; a listed one must differ in exactly this way, so that a return to the old behaviour is noticed as well.
 * docs/kamailio-compat-differences.md says the same for people.
 */
export interface AllowedDifference {
  readonly reason: string;
  /** As compare.ts says it: `-` is Kamailio's line, `+` Trunkline's. */
  readonly lines: readonly string[];
}

export const ALLOWED: Readonly<Record<string, AllowedDifference>> = {
  'replace-from-display': {
    reason: 'display names are replaced and restored in the whole dialog: nothing leaks in later requests',
    lines: [
      'caller 1 SIP/2.0 180 Ringing: - Record-Route: <sip:127.0.0.1:SERVER;lr;ftag=alice1;vsf=AAAAAAACBg0cLQ4BHyEPGg5AHBUOGANCDEAVDgFpZA-->',
      'caller 1 SIP/2.0 180 Ringing: + Record-Route: <sip:127.0.0.1:SERVER;lr;ftag=alice1;vsf=AAAAAAACBg0cLQ4BHyEPGg5AHBUOGANCDEAVDgFpZA--;vsd=*>',
      'caller 2 SIP/2.0 200 OK: - Record-Route: <sip:127.0.0.1:SERVER;lr;ftag=alice1;vsf=AAAAAAACBg0cLQ4BHyEPGg5AHBUOGANCDEAVDgFpZA-->',
      'caller 2 SIP/2.0 200 OK: + Record-Route: <sip:127.0.0.1:SERVER;lr;ftag=alice1;vsf=AAAAAAACBg0cLQ4BHyEPGg5AHBUOGANCDEAVDgFpZA--;vsd=*>',
      'caller 4 INFO sip:alice@127.0.0.1:CALLER SIP/2.0: - To: "Anonymous" <sip:alice@atlanta.example.com>;tag=alice1',
      'caller 4 INFO sip:alice@127.0.0.1:CALLER SIP/2.0: + To: "Alice A" <sip:alice@atlanta.example.com>;tag=alice1',
      'caller 7 INVITE sip:alice@127.0.0.1:CALLER SIP/2.0: - To: "Anonymous" <sip:alice@atlanta.example.com>;tag=alice1',
      'caller 7 INVITE sip:alice@127.0.0.1:CALLER SIP/2.0: + To: "Alice A" <sip:alice@atlanta.example.com>;tag=alice1',
      'caller 8 ACK sip:alice@127.0.0.1:CALLER SIP/2.0: - To: "Anonymous" <sip:alice@atlanta.example.com>;tag=alice1',
      'caller 8 ACK sip:alice@127.0.0.1:CALLER SIP/2.0: + To: "Alice A" <sip:alice@atlanta.example.com>;tag=alice1',
      'caller 9 BYE sip:alice@127.0.0.1:CALLER SIP/2.0: - To: "Anonymous" <sip:alice@atlanta.example.com>;tag=alice1',
      'caller 9 BYE sip:alice@127.0.0.1:CALLER SIP/2.0: + To: "Alice A" <sip:alice@atlanta.example.com>;tag=alice1',
      'callee 0 INVITE sip:bob@biloxi.example.com SIP/2.0: - Record-Route: <sip:127.0.0.1:SERVER;lr;ftag=alice1;vsf=AAAAAAACBg0cLQ4BHyEPGg5AHBUOGANCDEAVDgFpZA-->',
      'callee 0 INVITE sip:bob@biloxi.example.com SIP/2.0: + Record-Route: <sip:127.0.0.1:SERVER;lr;ftag=alice1;vsf=AAAAAAACBg0cLQ4BHyEPGg5AHBUOGANCDEAVDgFpZA--;vsd=*>',
      'callee 1 ACK sip:bob@127.0.0.1:CALLEE SIP/2.0: - From: "Alice A" <sip:anonymous@anonymous.invalid>;tag=alice1',
      'callee 1 ACK sip:bob@127.0.0.1:CALLEE SIP/2.0: + From: "Anonymous" <sip:anonymous@anonymous.invalid>;tag=alice1',
      'callee 2 INFO sip:bob@127.0.0.1:CALLEE SIP/2.0: - From: "Alice A" <sip:anonymous@anonymous.invalid>;tag=alice1',
      'callee 2 INFO sip:bob@127.0.0.1:CALLEE SIP/2.0: + From: "Anonymous" <sip:anonymous@anonymous.invalid>;tag=alice1',
      'callee 4 INVITE sip:bob@127.0.0.1:CALLEE SIP/2.0: - From: "Alice A" <sip:anonymous@anonymous.invalid>;tag=alice1',
      'callee 4 INVITE sip:bob@127.0.0.1:CALLEE SIP/2.0: + From: "Anonymous" <sip:anonymous@anonymous.invalid>;tag=alice1',
      'callee 5 ACK sip:bob@127.0.0.1:CALLEE SIP/2.0: - From: "Alice A" <sip:anonymous@anonymous.invalid>;tag=alice1',
      'callee 5 ACK sip:bob@127.0.0.1:CALLEE SIP/2.0: + From: "Anonymous" <sip:anonymous@anonymous.invalid>;tag=alice1',
    ],
  },
  'replace-from-no-display': {
    reason: 'a removed display name leaves no blank and does not come back in later requests',
    lines: [
      'caller 1 SIP/2.0 180 Ringing: - Record-Route: <sip:127.0.0.1:SERVER;lr;ftag=alice1;vsf=AAAAAAACBg0cLQ4BHyEPGg5AHBUOGANCDEAVDgFpZA-->',
      'caller 1 SIP/2.0 180 Ringing: + Record-Route: <sip:127.0.0.1:SERVER;lr;ftag=alice1;vsf=AAAAAAACBg0cLQ4BHyEPGg5AHBUOGANCDEAVDgFpZA--;vsd=*>',
      'caller 2 SIP/2.0 200 OK: - Record-Route: <sip:127.0.0.1:SERVER;lr;ftag=alice1;vsf=AAAAAAACBg0cLQ4BHyEPGg5AHBUOGANCDEAVDgFpZA-->',
      'caller 2 SIP/2.0 200 OK: + Record-Route: <sip:127.0.0.1:SERVER;lr;ftag=alice1;vsf=AAAAAAACBg0cLQ4BHyEPGg5AHBUOGANCDEAVDgFpZA--;vsd=*>',
      'callee 0 INVITE sip:bob@biloxi.example.com SIP/2.0: - Record-Route: <sip:127.0.0.1:SERVER;lr;ftag=alice1;vsf=AAAAAAACBg0cLQ4BHyEPGg5AHBUOGANCDEAVDgFpZA-->',
      'callee 0 INVITE sip:bob@biloxi.example.com SIP/2.0: + Record-Route: <sip:127.0.0.1:SERVER;lr;ftag=alice1;vsf=AAAAAAACBg0cLQ4BHyEPGg5AHBUOGANCDEAVDgFpZA--;vsd=*>',
      'callee 0 INVITE sip:bob@biloxi.example.com SIP/2.0: - From:  <sip:anonymous@anonymous.invalid>;tag=alice1',
      'callee 0 INVITE sip:bob@biloxi.example.com SIP/2.0: + From: <sip:anonymous@anonymous.invalid>;tag=alice1',
      'callee 1 ACK sip:bob@127.0.0.1:CALLEE SIP/2.0: - From: "Alice A" <sip:anonymous@anonymous.invalid>;tag=alice1',
      'callee 1 ACK sip:bob@127.0.0.1:CALLEE SIP/2.0: + From: <sip:anonymous@anonymous.invalid>;tag=alice1',
      'callee 2 BYE sip:bob@127.0.0.1:CALLEE SIP/2.0: - From: "Alice A" <sip:anonymous@anonymous.invalid>;tag=alice1',
      'callee 2 BYE sip:bob@127.0.0.1:CALLEE SIP/2.0: + From: <sip:anonymous@anonymous.invalid>;tag=alice1',
    ],
  },
  'replace-to-display': {
    reason: 'display names are replaced and restored in the whole dialog',
    lines: [
      'caller 1 SIP/2.0 180 Ringing: - Record-Route: <sip:127.0.0.1:SERVER;lr;ftag=alice1;vst=AAAAAAgACSUQKQsADAFPCFYOHxdsZS5jb20->',
      'caller 1 SIP/2.0 180 Ringing: + Record-Route: <sip:127.0.0.1:SERVER;lr;ftag=alice1;vst=AAAAAAgACSUQKQsADAFPCFYOHxdsZS5jb20-;vtd=*>',
      'caller 2 SIP/2.0 200 OK: - Record-Route: <sip:127.0.0.1:SERVER;lr;ftag=alice1;vst=AAAAAAgACSUQKQsADAFPCFYOHxdsZS5jb20->',
      'caller 2 SIP/2.0 200 OK: + Record-Route: <sip:127.0.0.1:SERVER;lr;ftag=alice1;vst=AAAAAAgACSUQKQsADAFPCFYOHxdsZS5jb20-;vtd=*>',
      'caller 4 INFO sip:alice@127.0.0.1:CALLER SIP/2.0: - From: Joker <sip:bob@biloxi.example.com>;tag=callee',
      'caller 4 INFO sip:alice@127.0.0.1:CALLER SIP/2.0: + From: "Bob B" <sip:bob@biloxi.example.com>;tag=callee',
      'caller 7 INVITE sip:alice@127.0.0.1:CALLER SIP/2.0: - From: Joker <sip:bob@biloxi.example.com>;tag=callee',
      'caller 7 INVITE sip:alice@127.0.0.1:CALLER SIP/2.0: + From: "Bob B" <sip:bob@biloxi.example.com>;tag=callee',
      'caller 8 ACK sip:alice@127.0.0.1:CALLER SIP/2.0: - From: Joker <sip:bob@biloxi.example.com>;tag=callee',
      'caller 8 ACK sip:alice@127.0.0.1:CALLER SIP/2.0: + From: "Bob B" <sip:bob@biloxi.example.com>;tag=callee',
      'caller 9 BYE sip:alice@127.0.0.1:CALLER SIP/2.0: - From: Joker <sip:bob@biloxi.example.com>;tag=callee',
      'caller 9 BYE sip:alice@127.0.0.1:CALLER SIP/2.0: + From: "Bob B" <sip:bob@biloxi.example.com>;tag=callee',
      'callee 0 INVITE sip:bob@biloxi.example.com SIP/2.0: - Record-Route: <sip:127.0.0.1:SERVER;lr;ftag=alice1;vst=AAAAAAgACSUQKQsADAFPCFYOHxdsZS5jb20->',
      'callee 0 INVITE sip:bob@biloxi.example.com SIP/2.0: + Record-Route: <sip:127.0.0.1:SERVER;lr;ftag=alice1;vst=AAAAAAgACSUQKQsADAFPCFYOHxdsZS5jb20-;vtd=*>',
      'callee 1 ACK sip:bob@127.0.0.1:CALLEE SIP/2.0: - To: "Bob B" <sip:joker@gotham.org>;tag=callee',
      'callee 1 ACK sip:bob@127.0.0.1:CALLEE SIP/2.0: + To: Joker <sip:joker@gotham.org>;tag=callee',
      'callee 2 INFO sip:bob@127.0.0.1:CALLEE SIP/2.0: - To: "Bob B" <sip:joker@gotham.org>;tag=callee',
      'callee 2 INFO sip:bob@127.0.0.1:CALLEE SIP/2.0: + To: Joker <sip:joker@gotham.org>;tag=callee',
      'callee 4 INVITE sip:bob@127.0.0.1:CALLEE SIP/2.0: - To: "Bob B" <sip:joker@gotham.org>;tag=callee',
      'callee 4 INVITE sip:bob@127.0.0.1:CALLEE SIP/2.0: + To: Joker <sip:joker@gotham.org>;tag=callee',
      'callee 5 ACK sip:bob@127.0.0.1:CALLEE SIP/2.0: - To: "Bob B" <sip:joker@gotham.org>;tag=callee',
      'callee 5 ACK sip:bob@127.0.0.1:CALLEE SIP/2.0: + To: Joker <sip:joker@gotham.org>;tag=callee',
    ],
  },
  'refused-503': {
    reason: 'the 500 made of a 503 keeps the reply it comes from: To tag, Record-Route and Retry-After',
    lines: [
      'caller 1 SIP/2.0 500 Service Unavailable: + Record-Route: <sip:127.0.0.1:SERVER;lr;ftag=alice1>',
      'caller 1 SIP/2.0 500 Service Unavailable: - To: "Bob B" <sip:bob@biloxi.example.com>;tag=*',
      'caller 1 SIP/2.0 500 Service Unavailable: + To: "Bob B" <sip:bob@biloxi.example.com>;tag=callee',
      'caller 1 SIP/2.0 500 Service Unavailable: + Retry-After: 3',
    ],
  },
  'sl-reply-error': {
    reason: 'a failed t_relay is answered once',
    lines: [
      'caller 0 SIP/2.0 478 Unresolvable destination (478/SL): - SIP/2.0 478 Unresolvable destination (478/SL)',
      'caller 0 SIP/2.0 478 Unresolvable destination (478/SL): + SIP/2.0 478 Unresolvable destination (478/TM)',
      'caller 1: - SIP/2.0 478 Unresolvable destination (478/TM) (whole message)',
    ],
  },
  'forward-rport': {
    reason: 'received and rport stand at the end of the Via value',
    lines: [
      'caller 0 SIP/2.0 200 OK: - Via: SIP/2.0/UDP 192.0.2.77:5060;received=127.0.0.1;rport=CALLER;branch=z9hG4bKforward-rport-1',
      'caller 0 SIP/2.0 200 OK: + Via: SIP/2.0/UDP 192.0.2.77:5060;branch=z9hG4bKforward-rport-1;received=127.0.0.1;rport=CALLER',
      'callee 0 OPTIONS sip:bob@biloxi.example.com SIP/2.0: - Via: SIP/2.0/UDP 192.0.2.77:5060;received=127.0.0.1;rport=CALLER;branch=z9hG4bKforward-rport-1',
      'callee 0 OPTIONS sip:bob@biloxi.example.com SIP/2.0: + Via: SIP/2.0/UDP 192.0.2.77:5060;branch=z9hG4bKforward-rport-1;received=127.0.0.1;rport=CALLER',
    ],
  },
  'force-rport': {
    reason: 'received and rport stand at the end of the Via value',
    lines: [
      'caller 0 SIP/2.0 200 OK: - Via: SIP/2.0/UDP 192.0.2.77;rport=CALLER;received=127.0.0.1;branch=z9hG4bKforce-rport-1',
      'caller 0 SIP/2.0 200 OK: + Via: SIP/2.0/UDP 192.0.2.77;branch=z9hG4bKforce-rport-1;received=127.0.0.1;rport=CALLER',
      'callee 0 OPTIONS sip:bob@biloxi.example.com SIP/2.0: - Via: SIP/2.0/UDP 192.0.2.77;rport=CALLER;received=127.0.0.1;branch=z9hG4bKforce-rport-1',
      'callee 0 OPTIONS sip:bob@biloxi.example.com SIP/2.0: + Via: SIP/2.0/UDP 192.0.2.77;branch=z9hG4bKforce-rport-1;received=127.0.0.1;rport=CALLER',
    ],
  },
  substitution: {
    reason: 'two edits of one place do not concatenate: the wider one stands',
    lines: [
      'callee 0 OPTIONS sip:bob@biloxi.example.com SIP/2.0: - X-Say: bye Worldworld',
      'callee 0 OPTIONS sip:bob@biloxi.example.com SIP/2.0: + X-Say: bye World',
    ],
  },
  'ruri-headers': {
    reason: 'a Request-URI with headers is refused (RFC 3261 §19.1.1)',
    lines: [
      'caller 0 SIP/2.0 200 OK: - SIP/2.0 200 OK',
      'caller 0 SIP/2.0 200 OK: + SIP/2.0 400 Bad Request-URI',
      'caller 0 SIP/2.0 200 OK: - To: "Bob B" <sip:bob@biloxi.example.com>;tag=callee',
      'caller 0 SIP/2.0 200 OK: + To: "Bob B" <sip:bob@biloxi.example.com>;tag=*',
      'callee 0: - OPTIONS sip:bob@biloxi.example.com?Subject=x SIP/2.0 (whole message)',
    ],
  },
  'auth-cseq': {
    reason:
      'a request that is sent again with credentials has a new CSeq number, and the dialog is kept in step with it',
    lines: [
      'caller 1 SIP/2.0 180 Ringing: - Record-Route: <sip:127.0.0.1:SERVER;lr;ftag=alice1>',
      'caller 1 SIP/2.0 180 Ringing: + Record-Route: <sip:127.0.0.1:SERVER;lr;ftag=alice1;csd=1>',
      'caller 2 SIP/2.0 200 OK: - Record-Route: <sip:127.0.0.1:SERVER;lr;ftag=alice1>',
      'caller 2 SIP/2.0 200 OK: + Record-Route: <sip:127.0.0.1:SERVER;lr;ftag=alice1;csd=1>',
      'callee 2 INVITE sip:bob@biloxi.example.com SIP/2.0: - Record-Route: <sip:127.0.0.1:SERVER;lr;ftag=alice1>',
      'callee 2 INVITE sip:bob@biloxi.example.com SIP/2.0: + Record-Route: <sip:127.0.0.1:SERVER;lr;ftag=alice1;csd=1>',
      'callee 2 INVITE sip:bob@biloxi.example.com SIP/2.0: - CSeq: 1 INVITE',
      'callee 2 INVITE sip:bob@biloxi.example.com SIP/2.0: + CSeq: 2 INVITE',
      'callee 3 ACK sip:bob@127.0.0.1:CALLEE SIP/2.0: - CSeq: 1 ACK',
      'callee 3 ACK sip:bob@127.0.0.1:CALLEE SIP/2.0: + CSeq: 2 ACK',
      'callee 4 INFO sip:bob@127.0.0.1:CALLEE SIP/2.0: - CSeq: 2 INFO',
      'callee 4 INFO sip:bob@127.0.0.1:CALLEE SIP/2.0: + CSeq: 3 INFO',
      'callee 6 BYE sip:bob@127.0.0.1:CALLEE SIP/2.0: - CSeq: 3 BYE',
      'callee 6 BYE sip:bob@127.0.0.1:CALLEE SIP/2.0: + CSeq: 4 BYE',
    ],
  },
  'auth-sha256-first': {
    reason: 'the strongest challenge that can be answered is answered, not only the first',
    lines: [
      'caller 1 SIP/2.0 407 Proxy Authentication Required: - SIP/2.0 407 Proxy Authentication Required',
      'caller 1 SIP/2.0 407 Proxy Authentication Required: + SIP/2.0 486 Busy Here',
      'caller 1 SIP/2.0 407 Proxy Authentication Required: - Record-Route: <sip:127.0.0.1:SERVER;lr;ftag=alice1>',
      'caller 1 SIP/2.0 407 Proxy Authentication Required: + Record-Route: <sip:127.0.0.1:SERVER;lr;ftag=alice1;csd=1>',
      'caller 1 SIP/2.0 407 Proxy Authentication Required: - Proxy-Authenticate: Digest realm="carrier.example.com", nonce="256", algorithm=SHA-256, qop="auth"',
      'caller 1 SIP/2.0 407 Proxy Authentication Required: - Proxy-Authenticate: Digest realm="carrier.example.com", nonce="4f2a", algorithm=MD5, qop="auth"',
      'callee 2: + INVITE sip:bob@biloxi.example.com SIP/2.0 (whole message)',
      'callee 3: + ACK sip:bob@biloxi.example.com SIP/2.0 (whole message)',
    ],
  },
  'manual-replace': {
    reason: 'replies to requests that uac_restore_from() changed are restored as well',
    lines: [
      'caller 3 SIP/2.0 200 OK: - From: "Alice A" <sip:batman@gotham.org>;tag=alice1',
      'caller 3 SIP/2.0 200 OK: + From: "Alice A" <sip:alice@atlanta.example.com>;tag=alice1',
      'caller 5 SIP/2.0 200 OK: - From: "Alice A" <sip:batman@gotham.org>;tag=alice1',
      'caller 5 SIP/2.0 200 OK: + From: "Alice A" <sip:alice@atlanta.example.com>;tag=alice1',
      'callee 3 SIP/2.0 200 OK: - To: "Alice A" <sip:alice@atlanta.example.com>;tag=alice1',
      'callee 3 SIP/2.0 200 OK: + To: "Alice A" <sip:batman@gotham.org>;tag=alice1',
    ],
  },
  'tcp-call': {
    reason: 'Via has no parameter i: the reply finds its connection without it',
    lines: [
      'callee 0 INVITE sip:bob@biloxi.example.com SIP/2.0: - Via: SIP/2.0/UDP 127.0.0.1:SERVER;branch=*;i=1',
      'callee 0 INVITE sip:bob@biloxi.example.com SIP/2.0: + Via: SIP/2.0/UDP 127.0.0.1:SERVER;branch=*',
      'callee 1 ACK sip:bob@127.0.0.1:CALLEE SIP/2.0: - Via: SIP/2.0/UDP 127.0.0.1:SERVER;branch=*;i=1',
      'callee 1 ACK sip:bob@127.0.0.1:CALLEE SIP/2.0: + Via: SIP/2.0/UDP 127.0.0.1:SERVER;branch=*',
      'callee 2 INFO sip:bob@127.0.0.1:CALLEE SIP/2.0: - Via: SIP/2.0/UDP 127.0.0.1:SERVER;branch=*;i=1',
      'callee 2 INFO sip:bob@127.0.0.1:CALLEE SIP/2.0: + Via: SIP/2.0/UDP 127.0.0.1:SERVER;branch=*',
      'callee 4 INVITE sip:bob@127.0.0.1:CALLEE SIP/2.0: - Via: SIP/2.0/UDP 127.0.0.1:SERVER;branch=*;i=1',
      'callee 4 INVITE sip:bob@127.0.0.1:CALLEE SIP/2.0: + Via: SIP/2.0/UDP 127.0.0.1:SERVER;branch=*',
      'callee 5 ACK sip:bob@127.0.0.1:CALLEE SIP/2.0: - Via: SIP/2.0/UDP 127.0.0.1:SERVER;branch=*;i=1',
      'callee 5 ACK sip:bob@127.0.0.1:CALLEE SIP/2.0: + Via: SIP/2.0/UDP 127.0.0.1:SERVER;branch=*',
    ],
  },
  'tcp-replace': {
    reason: 'Via has no parameter i: the reply finds its connection without it',
    lines: [
      'callee 0 INVITE sip:bob@biloxi.example.com SIP/2.0: - Via: SIP/2.0/UDP 127.0.0.1:SERVER;branch=*;i=1',
      'callee 0 INVITE sip:bob@biloxi.example.com SIP/2.0: + Via: SIP/2.0/UDP 127.0.0.1:SERVER;branch=*',
      'callee 1 ACK sip:bob@127.0.0.1:CALLEE SIP/2.0: - Via: SIP/2.0/UDP 127.0.0.1:SERVER;branch=*;i=1',
      'callee 1 ACK sip:bob@127.0.0.1:CALLEE SIP/2.0: + Via: SIP/2.0/UDP 127.0.0.1:SERVER;branch=*',
      'callee 2 INFO sip:bob@127.0.0.1:CALLEE SIP/2.0: - Via: SIP/2.0/UDP 127.0.0.1:SERVER;branch=*;i=1',
      'callee 2 INFO sip:bob@127.0.0.1:CALLEE SIP/2.0: + Via: SIP/2.0/UDP 127.0.0.1:SERVER;branch=*',
      'callee 4 INVITE sip:bob@127.0.0.1:CALLEE SIP/2.0: - Via: SIP/2.0/UDP 127.0.0.1:SERVER;branch=*;i=1',
      'callee 4 INVITE sip:bob@127.0.0.1:CALLEE SIP/2.0: + Via: SIP/2.0/UDP 127.0.0.1:SERVER;branch=*',
      'callee 5 ACK sip:bob@127.0.0.1:CALLEE SIP/2.0: - Via: SIP/2.0/UDP 127.0.0.1:SERVER;branch=*;i=1',
      'callee 5 ACK sip:bob@127.0.0.1:CALLEE SIP/2.0: + Via: SIP/2.0/UDP 127.0.0.1:SERVER;branch=*',
    ],
  },
};
