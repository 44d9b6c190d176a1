/** The same REGISTERs, lookups and commands to Kamailio and to Trunkline. */
import { compare, contact, type Step } from './registrar-side.ts';

const INSTANCE = ';+sip.instance="<urn:uuid:abc>"';
const SDP =
  'v=0\r\no=al 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\na=sendrecv\r\nm=video 4002 RTP/AVP 31\r\nc=IN IP4 10.0.0.2\r\n';
const NAT_SDP = SDP.replaceAll('10.0.0.', '192.168.7.');

/** Names of the cases say what they are about; steps of one case follow each other. */
const PLAIN: Readonly<Record<string, readonly Step[]>> = {
  'refreshed, listed, removed': [
    { headers: contact('<sip:bob@10.0.0.1:5060>') },
    { cseq: 2, headers: contact('<sip:bob@10.0.0.1:5060>;expires=100') },
    { cseq: 3 },
    { cseq: 3, headers: ['Expires: 0'] },
    { method: 'MESSAGE' },
    { cseq: 4, headers: contact('<sip:bob@10.0.0.1:5060>;expires=0') },
    { cseq: 5, headers: contact('<sip:bob@10.0.0.9>;expires=0') },
    { method: 'MESSAGE' },
  ],
  'repeated and old CSeq': [
    { headers: contact('<sip:bob@10.0.0.1>;expires=100'), cseq: 5 },
    { headers: contact('<sip:bob@10.0.0.1>;expires=200'), cseq: 5 },
    { headers: contact('<sip:bob@10.0.0.1>;expires=300'), cseq: 4 },
    { headers: contact('<sip:bob@10.0.0.1>;expires=400'), cseq: 1, callId: 'other' },
  ],
  star: [
    { headers: contact('<sip:a@10.0.0.1>, <sip:b@10.0.0.1>', 'Contact: <sip:c@10.0.0.1>, <sip:d@10.0.0.1>') },
    { cseq: 2, headers: contact('*') },
    { cseq: 3, headers: contact('*', 'Expires: 1') },
    { cseq: 4, headers: contact('*', 'Expires: 0', 'Contact: <sip:a@b>') },
    { cseq: 5, headers: contact('*', 'Expires: 0') },
    { cseq: 6 },
  ],
  'q values': [
    {
      headers: contact(
        '<sip:a@10.0.0.1>;q=1.0, <sip:b@10.0.0.1>;q=0.333;expires=100, <sip:c@10.0.0.1>;q=0',
        'Expires: 200',
      ),
    },
    { cseq: 2, headers: contact('<sip:d@10.0.0.1>') },
    { cseq: 3, headers: contact('<sip:e@10.0.0.1>;q=0.5') },
    { cseq: 4, headers: contact('<sip:f@10.0.0.1>;q=2') },
    { cseq: 5, headers: contact('<sip:f@10.0.0.1>;q=abc') },
    { method: 'MESSAGE' },
    { method: 'SUBSCRIBE' },
  ],
  times: [
    { headers: contact('<sip:a@10.0.0.1>;expires=10') },
    { cseq: 2, headers: contact('<sip:b@10.0.0.1>;expires=99999') },
    { cseq: 3, headers: contact('<sip:c@10.0.0.1>;expires=abc') },
    { cseq: 4, headers: contact('<sip:d@10.0.0.1>', 'Expires: abc') },
    { cseq: 5, headers: contact('sip:e@10.0.0.1;expires=100') },
  ],
  unreadable: [
    { headers: contact('<sip:d@10.0.0.1') },
    { headers: contact('<sip:a@b>,*', 'Expires: 0') },
    { headers: contact('<sip:d@10.0.0.1>', 'X-Uri: nonsense') },
    { headers: contact(`<sip:d@${'a'.repeat(600)}>`) },
    { user: 'e'.repeat(300), headers: contact('<sip:d@10.0.0.1>') },
  ],
  'too many': [
    { headers: contact('<sip:a@10.0.0.1>', 'X-Max: 1') },
    { cseq: 2, headers: contact('<sip:b@10.0.0.1>', 'X-Max: 1') },
    { cseq: 3, headers: contact('<sip:a@10.0.0.1>;expires=0, <sip:b@10.0.0.1>', 'X-Max: 1') },
  ],
  flags: [
    { headers: contact('<sip:a@10.0.0.1>') },
    { cseq: 2, headers: contact('<sip:b@10.0.0.1>') },
    { cseq: 3, headers: contact('<sip:c@10.0.0.1>', 'X-Flags: 4') },
    { cseq: 4, headers: contact('<sip:d@10.0.0.1>', 'X-Flags: 2') },
    { cseq: 5, headers: contact('<sip:f@10.0.0.1>', 'X-Uri: sip:Other@example.com') },
    { cseq: 6, headers: contact('<sip:e@10.0.0.1>', 'X-Flags: 16') },
    { method: 'MESSAGE', ruri: 'sip:oTHER@127.0.0.1' },
  ],
  'path stored, not required': [
    {
      headers: contact(
        '<sip:p@10.0.0.1>',
        'Path: <sip:10.9.9.9;lr>,<sip:10.9.9.8;lr>',
        'Path: <sip:10.9.9.7;lr>',
        'Supported: path',
      ),
    },
    { method: 'MESSAGE' },
    { cseq: 2, headers: contact('<sip:p@10.0.0.1>', 'Path: foo', 'Supported: path') },
  ],
  'behind NAT': [
    { headers: contact('<sip:n@10.0.0.1;transport=udp>', 'X-Nat: 1', 'User-Agent: Phone 1') },
    { method: 'MESSAGE' },
    { cseq: 2, headers: contact('<sip:n@10.0.0.2>;received="sip:1.2.3.4:5"') },
    { method: 'INFO' },
  ],
  'instances and GRUUs': [
    { headers: contact(`<sip:g@10.0.0.1>${INSTANCE}`, 'Supported: gruu') },
    { cseq: 2, headers: contact(`<sip:g@10.0.0.2>${INSTANCE}`, 'Supported: gruu') },
    { cseq: 3, headers: contact(`<sip:g@10.0.0.2>${INSTANCE};reg-id=1`, 'Supported: gruu, path, outbound') },
    { cseq: 4, headers: contact(`<sip:g@10.0.0.3>${INSTANCE}`) },
    { method: 'MESSAGE', ruri: 'sip:case@127.0.0.1;gr=urn:uuid:abc' },
    { method: 'MESSAGE', ruri: 'sip:case@127.0.0.1;gr=urn:uuid:other' },
    { method: 'INFO' },
  ],
  users: [
    { to: '<sip:127.0.0.1>', headers: contact('<sip:a@10.0.0.1>') },
    { to: '<tel:+123>', headers: contact('<sip:a@10.0.0.1>') },
    { to: '<sip:a%41@127.0.0.1>', headers: contact('<tel:+123>') },
    { method: 'MESSAGE', ruri: 'sip:aA@127.0.0.1' },
    { method: 'MESSAGE', ruri: 'sip:nobody@127.0.0.1' },
  ],
  methods: [
    { headers: contact('<sip:m@10.0.0.2>;methods="INVITE,BYE"', 'Allow: MESSAGE') },
    { method: 'MESSAGE' },
    { cseq: 2, headers: contact('<sip:m@10.0.0.3>', 'Allow: MESSAGE, INVITE') },
    { method: 'MESSAGE' },
  ],
  'nat tests and aliases': [
    {
      method: 'UPDATE',
      ruri: 'sip:x@10.0.0.1;alias=10.2.3.4~5070~2;foo=1',
      headers: contact('"X" <sip:x@10.0.0.1:5060;transport=udp>;x=y'),
    },
    {
      method: 'UPDATE',
      ruri: 'sip:x@10.0.0.1;alias=10.2.3.4~5070~1',
      headers: contact(
        '<sip:x@127.0.0.1:PORT;transport=udp>',
        'Record-Route: <sip:1.1.1.1;lr>,<sip:2.2.2.2;lr>',
        'Record-Route: <sip:3.3.3.3;lr>',
      ),
    },
    { method: 'UPDATE', ruri: 'sip:x@10.0.0.1;alias=junk', headers: contact('<sip:x@1.1.1.1;alias=1.2.3.4~5~5>') },
    { method: 'UPDATE', ruri: 'sip:x@10.0.0.1;alias=[::1]~5~3', headers: contact('sip:x@8.8.8.8') },
    {
      method: 'UPDATE',
      ruri: 'sip:x@10.0.0.1',
      headers: contact('sip:x@8.8.8.8', 'Content-Type: application/sdp'),
      body: NAT_SDP,
    },
  ],
  fixes: [
    ...['contact', 'alias', 'alias3', 'received'].flatMap((what): Step[] => [
      { method: 'NOTIFY', headers: contact('"X" <sip:x@10.0.0.1:5060;transport=udp>;x=y', `X-W: ${what}`) },
      { method: 'NOTIFY', headers: contact('sip:x@10.0.0.1;x=y', `X-W: ${what}`) },
    ]),
    ...['sdp1', 'sdp2', 'sdp4', 'sdp8', 'sdp15'].map(
      (what): Step => ({
        method: 'NOTIFY',
        headers: [`X-W: ${what}`, 'Content-Type: application/sdp'],
        body: SDP,
      }),
    ),
  ],
};

const REFUSING: Readonly<Record<string, readonly Step[]>> = {
  'too brief': [
    { headers: contact('<sip:a@10.0.0.1>;expires=100') },
    { cseq: 2, headers: contact('<sip:a@10.0.0.1>;expires=10') },
    { cseq: 3, headers: contact('<sip:b@10.0.0.1>;expires=0') },
  ],
  'path required': [
    { headers: contact('<sip:p@10.0.0.1>', 'Path: <sip:10.9.9.9;lr>'), differs: 'a refused contact is not saved' },
    { cseq: 2, headers: contact('<sip:p@10.0.0.1>', 'Path: <sip:10.9.9.9;lr>', 'Supported: path') },
  ],
  'server full': [
    { headers: contact('<sip:a@10.0.0.1>') },
    { cseq: 2, headers: contact('<sip:b@10.0.0.1>, <sip:c@10.0.0.1>') },
  ],
  outbound: [
    { headers: contact(`<sip:o@10.0.0.1>${INSTANCE};reg-id=1`, 'Supported: outbound, path') },
    {
      cseq: 2,
      headers: contact(
        `<sip:o@10.0.0.1>${INSTANCE};reg-id=1`,
        'Supported: outbound, path',
        'Path: <sip:1.1.1.1;lr;received=sip:8.8.8.8:7%3Btransport%3Dtcp>,<sip:2.2.2.2;lr;ob>',
      ),
    },
    {
      cseq: 3,
      headers: contact(
        `<sip:o@10.0.0.1>${INSTANCE};reg-id=1`,
        'Supported: outbound',
        'Via: SIP/2.0/UDP 9.9.9.9;branch=z9hG4bK1',
      ),
    },
  ],
};

const REGISTRAR = `
modparam("registrar", "use_path", 1)
modparam("registrar", "path_mode", 0)
modparam("registrar", "max_expires", 3600)
modparam("registrar", "method_filtering", 1)
`;

compare('registrar beside Kamailio', REGISTRAR, PLAIN, [
  ['ul.lookup', 'location', 'case1'],
  ['ul.lookup', 'location', 'case4'],
  ['ul.lookup', 'location', 'case8'],
  ['ul.lookup', 'location', 'nobody'],
  ['ul.lookup', 'nowhere', 'nobody'],
  ['ul.lookup'],
  ['ul.rm', 'location', 'nobody'],
  ['ul.rm', 'location', 'case4'],
  ['ul.rm_contact', 'location', 'case1', 'sip:nobody@x'],
  ['ul.rm_contact', 'location', 'nobody', 'sip:nobody@x'],
  ['ul.rm_contact', 'location', 'case1', 'sip:bob@10.0.0.1'],
  ['ul.lookup', 'location', 'case1'],
  ['ul.add', 'location', 'added', 'sip:a@10.1.1.1', '3600', '0.5', '<sip:1.1.1.1;lr>', '0', '0', '1'],
  ['ul.add', 'location', 'added', 'sip:b@10.1.1.1', '0', '1.0', '<sip:1.1.1.1;lr>', '0', '0', '1'],
  ['ul.add', 'location', 'added'],
  ['ul.flush'],
  ['ul.db_users', 'location'],
  ['ul.db_contacts', 'location'],
  ['nathelper.enable_ping', '1'],
  ['stats.get_statistics', 'usrloc:'],
]);

compare(
  'a strict registrar beside Kamailio',
  `
modparam("registrar", "use_path", 1)
modparam("registrar", "path_mode", 2)
modparam("registrar", "path_use_received", 1)
modparam("registrar", "min_expires_mode", 1)
modparam("registrar", "min_expires", 60)
modparam("registrar", "max_contacts", 2)
modparam("registrar", "retry_after", 30)
modparam("registrar", "default_q", 500)
modparam("registrar", "outbound_mode", 1)
modparam("registrar", "flow_timer", 25)
modparam("registrar", "received_param", "rcv")
modparam("registrar", "case_sensitive", 1)
`,
  REFUSING,
  [['ul.dump', 'brief']],
);
