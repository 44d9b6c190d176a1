/** Many kinds of REGISTER, and lookups afterwards, to Kamailio and to Trunkline. */
import { compare, contact, type Step } from './registrar-side.ts';

const A = '<sip:a@10.0.0.1>';
const INSTANCE = ';+sip.instance="<urn:uuid:abc>"';
const OTHER = ';+sip.instance="<urn:uuid:def>"';

/** What the two servers do differently on purpose, and why. */
const DIFFERENT: Readonly<Record<string, string>> = {
  'not a URI': 'a Contact has to have a URI',
  'expires of eleven digits': 'too long a time is cut to the longest, not to the default',
  'received no URI': 'what is no URI is nowhere to send to',
  'reg-id 0': 'an unusable reg-id is passed over, the contact is not',
};

/** One REGISTER each, and who is there afterwards. */
function singles(values: Readonly<Record<string, readonly string[]>>): Readonly<Record<string, readonly Step[]>> {
  return Object.fromEntries(
    Object.entries(values).map(([name, headers]): readonly [string, readonly Step[]] => {
      const differs = DIFFERENT[name];
      const register: Step = differs === undefined ? { headers } : { headers, differs };
      return [name, differs === undefined ? [register, { cseq: 2 }, { method: 'MESSAGE' }] : [register]];
    }),
  );
}

const FORMS = singles({
  'two in one header': contact(`${A}, <sip:b@10.0.0.1>`),
  'two headers': contact(A, 'Contact: <sip:b@10.0.0.1>'),
  'the same twice': contact(`${A}, ${A};expires=100`),
  'no brackets': contact('sip:a@10.0.0.1;expires=120;q=0.4'),
  'display name with a comma': contact('"a, b" <sip:a@10.0.0.1>'),
  'uri parameters': contact('<sip:a@10.0.0.1;transport=tcp;ob>;foo=bar'),
  'uri headers': contact('<sip:a@10.0.0.1?Subject=x>'),
  sips: contact('<sips:a@10.0.0.1>'),
  'no user': contact('<sip:10.0.0.1>'),
  IPv6: contact('<sip:a@[2001:db8::1]:5062>'),
  'escaped user': contact('<sip:a%20b@10.0.0.1>'),
  'empty Contact': contact(''),
  'comma at the end': contact(`${A},`),
  'not a URI': contact('<foo>'),
  'star with expires parameter': contact('*;expires=0'),
  'star without Expires': contact('*'),
  'star with Expires 5': contact('*', 'Expires: 5'),
  'star and a contact': contact('*', 'Expires: 0', `Contact: ${A}`),
  'star with nobody there': contact('*', 'Expires: 0'),
  'Expires 0 and nobody there': contact(A, 'Expires: 0'),
  'Expires header only': contact(A, 'Expires: 120'),
  'expires parameter wins': contact(`${A};expires=130`, 'Expires: 120'),
  'negative expires parameter': contact(`${A};expires=-5`),
  'negative Expires header': contact(A, 'Expires: -5'),
  'Expires of letters': contact(A, 'Expires: soon'),
  'expires with letters behind': contact(`${A};expires=120x`),
  'expires without value': contact(`${A};expires`),
  'quoted expires': contact(`${A};expires="120"`),
  'expires of ten digits': contact(`${A};expires=4294967295`),
  'expires of eleven digits': contact(`${A};expires=42949672960`),
  'q of 1': contact(`${A};q=1`),
  'q of 1.000': contact(`${A};q=1.000`),
  'q of 0.5555': contact(`${A};q=0.5555`),
  'q of .5': contact(`${A};q=.5`),
  'q of 1.5': contact(`${A};q=1.5`),
  'q negative': contact(`${A};q=-1`),
  'q empty': contact(`${A};q=`),
  'q of letters': contact(`${A};q=high`),
  'q of 0': contact(`${A};q=0`),
  'methods unknown': contact(`${A};methods="INVITE,FOO"`),
  'methods lower case': contact(`${A};methods="invite,message"`),
  'methods empty': contact(`${A};methods=""`),
  'Allow empty': contact(A, 'Allow: '),
  'received parameter': contact(`${A};received="sip:1.2.3.4:5"`),
  'received no URI': contact(`${A};received="junk"`),
  'instance without reg-id': contact(`${A}${INSTANCE}`),
  'instance with reg-id': contact(`${A}${INSTANCE};reg-id=1`),
  'reg-id without instance': contact(`${A};reg-id=1`),
  'reg-id 0': contact(`${A}${INSTANCE};reg-id=0`, 'Supported: outbound'),
  'outbound required': contact(`${A}${INSTANCE};reg-id=1`, 'Require: outbound'),
  'path and support': contact(A, 'Path: <sip:10.9.9.9;lr>', 'Supported: path'),
  'path without support': contact(A, 'Path: <sip:10.9.9.9;lr>'),
  'path required': contact(A, 'Path: <sip:10.9.9.9;lr>', 'Require: path'),
  'path without brackets': contact(A, 'Path: sip:10.9.9.9', 'Supported: path'),
  'xavp expires': contact(A, 'X-Expires: 200'),
  'xavp expires beyond the most': contact(A, 'X-Expires: 100000'),
  'xavp expires below the least': contact(`${A};expires=500`, 'X-Expires: 5'),
  'xavp q': contact(`${A};q=0.3`, 'X-Q: 700'),
  'socket of another': contact(A, 'Sock-Info: udp:10.1.1.1:5060'),
  'socket unreadable': contact(A, 'Sock-Info: junk'),
  'socket by xavp': contact(A, 'X-Socket: tcp:10.1.1.1:5070'),
  'User-Agent empty': contact(A, 'User-Agent: '),
  'Call-ID case': contact(A),
});

const STORIES: Readonly<Record<string, readonly Step[]>> = {
  'one of two refused changes nothing': [
    { headers: contact(A) },
    { cseq: 2, headers: contact(`<sip:b@10.0.0.1>, <sip:c@10.0.0.1>;q=7`) },
    { cseq: 3 },
  ],
  'lower CSeq': [
    { headers: contact(A), cseq: 10 },
    { headers: contact(A), cseq: 9 },
    { headers: contact('<sip:b@10.0.0.1>'), cseq: 8 },
    { headers: contact(`${A};expires=0`), cseq: 7 },
    { headers: contact('*', 'Expires: 0'), cseq: 6 },
    { cseq: 5 },
  ],
  'the same device twice': [
    { headers: contact(`${A}${INSTANCE}`) },
    { cseq: 2, headers: contact(`<sip:b@10.0.0.2>${INSTANCE}`) },
    { cseq: 3, headers: contact(`<sip:c@10.0.0.3>${OTHER}`) },
    { cseq: 4, headers: contact(`<sip:b@10.0.0.2>`), differs: 'one that names no device any more is none' },
    { method: 'MESSAGE' },
  ],
  'two flows': [
    { headers: contact(`${A}${INSTANCE};reg-id=1`, 'Supported: outbound, path') },
    { cseq: 2, headers: contact(`<sip:b@10.0.0.1>${INSTANCE};reg-id=2`, 'Supported: outbound, path') },
    { cseq: 3, headers: contact(`<sip:b@10.0.0.1>${INSTANCE};reg-id=1`, 'Supported: outbound, path') },
    { cseq: 4 },
    { method: 'MESSAGE' },
    { method: 'MESSAGE', ruri: 'sip:case@127.0.0.1;gr=urn:uuid:abc' },
  ],
  'saved without a reply': [
    { headers: contact(A, 'X-Flags: 18') },
    { cseq: 2, headers: contact(`${A};q=9`, 'X-Flags: 18') },
    { cseq: 3, headers: contact('<sip:b@10.0.0.1>', 'X-Flags: 2+') },
    { cseq: 4, headers: contact('<sip:b@10.0.0.1>', 'X-Flags: 1') },
  ],
  'other uris': [
    { headers: contact(A, 'X-Uri: sip:other@example.com;x=y') },
    { cseq: 2, headers: contact(A, 'X-Uri: "x" <sip:other@example.com>') },
    { cseq: 3, headers: contact(A, 'X-Uri: sip:example.com') },
    { cseq: 4, headers: contact(A, 'X-Uri: tel:+123') },
  ],
  branches: [
    { headers: contact(`${A};q=0.5, <sip:b@10.0.0.2>;q=0.4`) },
    { headers: contact('<sip:c@10.0.0.3>', 'X-Uri: sip:second@127.0.0.1') },
    { method: 'PUBLISH' },
    { method: 'PUBLISH', headers: ['X-Second: sip:second@127.0.0.1'] },
    { method: 'PUBLISH', headers: ['X-Second: sip:nobody@127.0.0.1'] },
    { method: 'PUBLISH', ruri: 'sip:nobody@127.0.0.1', headers: ['X-Second: sip:second@127.0.0.1'] },
  ],
  'registered, and how': [
    { headers: contact(`${A};q=0.5`, 'X-Nat: 1') },
    { headers: contact('<sip:b@10.0.0.2>;received="sip:1.2.3.4:5"'), callId: 'two' },
    { method: 'REFER' },
    { method: 'REFER', headers: ['X-Callid: CASE-two', 'X-Received: sip:1.2.3.4:5', 'X-Contact: sip:b@10.0.0.2'] },
    { method: 'REFER', headers: ['X-Callid: CASE-two', 'X-Received: sip:9.9.9.9', 'X-Contact: sip:a@10.0.0.1'] },
  ],
  'chosen by branch flags': [
    { headers: contact(A, 'X-Bflag: 1') },
    { headers: contact('<sip:b@10.0.0.2>'), callId: 'two' },
    { method: 'PRACK' },
    { method: 'PRACK', headers: ['X-Bflags: 8'] },
    { method: 'PRACK', headers: ['X-Bflags: 16'] },
  ],
  'kept in memory only': [{ headers: contact(A, 'X-Flags: 1') }, { cseq: 2, headers: contact(A) }],
  'attributes of contacts': [
    { headers: contact(`${A};q=0.9`, 'X-Color: red') },
    { headers: contact('<sip:b@10.0.0.2>;q=0.5', 'X-Color: blue'), callId: 'two' },
    { headers: contact('<sip:c@10.0.0.3>;q=0.2'), callId: 'three' },
    { method: 'REFER' },
    { method: 'PRACK' },
    { cseq: 2, headers: contact(`${A};q=0.9`) },
    { method: 'PRACK' },
  ],
  aliases: [
    { method: 'NOTIFY', headers: contact('<sip:x@8.8.8.8;alias=1.1.1.1~1~1;y=z>', 'X-W: trim') },
    { method: 'NOTIFY', headers: contact('<sip:x@8.8.8.8;y=z;alias=1.1.1.1~1~1>', 'X-W: trim') },
    { method: 'NOTIFY', headers: contact('<sip:x@8.8.8.8;alias=1.1.1.1~1~1>', 'X-W: alias') },
    { method: 'NOTIFY', headers: contact('<sip:x@8.8.8.8>', 'X-W: trim') },
  ],
  'nat tests': [
    ...['10.0.0.1', '100.64.0.1', '192.0.0.1', '192.0.0.200', '172.31.0.1', '172.32.0.1', '8.8.8.8', '169.254.1.1'].map(
      (ip): Step => ({ method: 'OPTIONS', headers: contact(`<sip:x@${ip}>`, `X-Ip: ${ip}`) }),
    ),
    { method: 'OPTIONS', headers: contact('<sip:x@8.8.8.8;a=b>;c=d', 'X-Du: sip:case@127.0.0.1') },
    { method: 'OPTIONS', headers: contact('<sip:x@8.8.8.8>', 'X-Du: sip:10.0.0.1:5070') },
    {
      method: 'OPTIONS',
      ruri: 'sip:x@1.1.1.1;alias=2.2.2.2~2~1;alias=3.3.3.3~3~2',
      headers: contact('<sip:x@8.8.8.8>'),
    },
    { method: 'OPTIONS', headers: [] },
  ],
};

const TABLE = { ...FORMS, ...STORIES };

compare(
  'REGISTERs of every form',
  `
modparam("registrar", "use_path", 1)
modparam("registrar", "path_mode", 1)
modparam("registrar", "max_expires", 7200)
modparam("registrar", "sock_flag", 5)
modparam("registrar", "sock_hdr_name", "Sock-Info")
modparam("registrar", "lookup_filter_mode", 1)
modparam("usrloc", "nat_bflag", 6)
`,
  TABLE,
  Object.entries(TABLE).flatMap(([, steps], index) =>
    steps.some(({ differs }) => differs !== undefined) ? [] : [['ul.lookup', 'location', `case${index}`]],
  ),
);

/** The same device, contact and call in all ways that two REGISTERs can be alike. */
const MATCHING: Readonly<Record<string, readonly Step[]>> = {
  'the same contact': [{ headers: contact(A) }, { cseq: 2, headers: contact(`${A};expires=100`) }, { cseq: 3 }],
  'the same contact in another call': [{ headers: contact(A) }, { headers: contact(A), callId: 'two' }, { cseq: 3 }],
  'the same contact by another path': [
    { headers: contact(A, 'Path: <sip:1.1.1.1;lr>', 'Supported: path') },
    { cseq: 2, headers: contact(A, 'Path: <sip:2.2.2.2;lr>', 'Supported: path') },
    { cseq: 3 },
    { method: 'MESSAGE' },
  ],
  'removed in another call': [
    { headers: contact(A) },
    { headers: contact(`${A};expires=0`), callId: 'two' },
    { cseq: 3 },
  ],
  'more than one, newest first or not': [
    { headers: contact(`${A};q=0.1`) },
    { headers: contact('<sip:b@10.0.0.1>;q=0.9'), callId: 'two' },
    { headers: contact('<sip:c@10.0.0.1>;q=0.5'), callId: 'three' },
    { cseq: 2, headers: contact(`${A};q=0.1`) },
    { method: 'MESSAGE' },
  ],
  'upper and lower case': [
    { to: '<sip:Case@sip.Example.com>', headers: contact(A) },
    { to: '<sip:case@example.com>', callId: 'two', headers: contact('<sip:b@10.0.0.1>') },
    { to: '<sip:case@other.com>', callId: 'two', headers: contact('<sip:d@10.0.0.1>') },
    { to: '<sip:CASE@EXAMPLE.COM:5070>', cseq: 2 },
    { method: 'MESSAGE', ruri: 'sip:cAsE@sip.example.com;x=y' },
    { method: 'MESSAGE', ruri: 'sip:case@other.com' },
  ],
};

for (const [title, more] of [
  ['contacts of a domain, by contact and Call-ID', 'use_domain:1 matching_mode:1 desc_time_order:1'],
  ['contacts by contact and path', 'matching_mode:2'],
  ['contacts by Call-ID', 'matching_mode:3'],
] as const) {
  const params = more
    .split(' ')
    .map((one) => `modparam("usrloc", "${one.replace(':', '", ')})\n`)
    .join('');
  const registrar = 'modparam("registrar", "realm_prefix", "sip.")\nmodparam("registrar", "use_path", 1)\n';
  const others = 'modparam("registrar", "append_branches", 0)\nmodparam("registrar", "default_expires", 500)\n';
  // With matching_mode 3, Kamailio goes on with the old URI.
  const another: readonly Step[] = [
    { headers: contact(A) },
    {
      cseq: 2,
      headers: contact('<sip:b@10.0.0.1>'),
      ...(more === 'matching_mode:3' ? { differs: 'URI of the newest' } : {}),
    },
  ];
  const table = { ...MATCHING, 'another contact in the same call': another };
  compare(title, `${params}${registrar}${others}`, table, [['ul.dump', 'brief']]);
}
