/**
 * Contacts in memory: bytes that one costs, how long a lookup takes, and how long the event loop is held up while all of them end. Run alone:
 * `node --max-old-space-size=8192 bench/usrloc.ts [contacts]`. Prints; asserts nothing.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ALL_METHODS, type BindingFields } from '../src/registrar/binding.ts';
import { Bindings } from '../src/registrar/bindings.ts';
import { ANY_CONTACT, lookupContacts } from '../src/registrar/lookup.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const COUNT = Number(process.argv[2] ?? 1_000_000);
const START = 1_800_000_000;
/** Seconds over which the contacts end. */
const SPREAD = 60;
const SLICE = 500;

/** As a message gives it: a piece of a longer text. */
function text(value: string): string {
  return `....${value}....`.slice(4, -4);
}

function fields(n: number): BindingFields {
  return {
    uri: text(`sip:user${n}@192.0.${(n >> 8) & 255}.${n & 255}:${1024 + (n % 60000)};transport=udp`),
    expires: START + 3600 + (n % SPREAD),
    q: -1,
    callId: text(`${n.toString(36)}-0b1c2d3e4f5a6978@192.0.2.1`),
    cseq: 1,
    flags: 0,
    cflags: 64,
    userAgent: text('Yealink SIP-T46U 108.86.0.70'),
    received: text(`sip:198.51.${(n >> 8) & 255}.${n & 255}:${1024 + (n % 60000)}`),
    path: '',
    socket: text('udp:192.0.2.9:5060'),
    methods: ALL_METHODS,
    instance: '',
    regId: 0,
    serverId: 0,
    connection: -1,
    modified: START,
  };
}

function used(): number {
  collect();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + external + arrayBuffers;
}

const before = used();
const bindings = new Bindings({ name: 'location', newestFirst: false }, START);
const filling = performance.now();
for (let n = 0; n < COUNT; n++)
  bindings.insert(`user${n}@example.com`, `uloc-6b010df6-1162-${n.toString(16)}`, fields(n));
const filled = performance.now() - filling;
const bytes = (used() - before) / COUNT;
console.log(`contacts            ${bindings.contacts}`);
console.log(`bytes per contact   ${bytes.toFixed(0)}`);
console.log(`inserted per second ${Math.round((COUNT / filled) * 1000)}`);

const LOOKUPS = 1_000_000;
const looking = performance.now();
let found = 0;
for (let n = 0; n < LOOKUPS; n++) {
  const result = lookupContacts(bindings, `user${(n * 7919) % COUNT}@example.com`, null, ANY_CONTACT, START + 10);
  if (typeof result !== 'number') found++;
}
console.log(`lookup              ${(((performance.now() - looking) / LOOKUPS) * 1000).toFixed(2)} µs (${found} found)`);

const refreshing = performance.now();
let n = 0;
for (const binding of bindings.every()) {
  if (n++ % 10 === 0) bindings.update(binding, { ...fields(n), expires: binding.expires + 60, cseq: 2 });
}
console.log(`refresh             ${(((performance.now() - refreshing) / (COUNT / 10)) * 1000).toFixed(2)} µs`);

// As the server sweeps: a slice in each turn of the event loop, until everything has ended.
let ended = 0;
let longest = 0;
let longestTurn = 0;
let last = performance.now();
const begun = last;
let now = START + 3600;
await new Promise<void>((resolve) => {
  const turn = (): void => {
    const at = performance.now();
    longest = Math.max(longest, at - last);
    const done = bindings.sweep(now, SLICE, () => ended++);
    longestTurn = Math.max(longestTurn, performance.now() - at);
    last = performance.now();
    if (done) now++;
    if (bindings.contacts > 0) setImmediate(turn);
    else resolve();
  };
  turn();
});
console.log(`sweep               ${ended} ended in ${((performance.now() - begun) / 1000).toFixed(2)} s`);
console.log(`longest turn        ${longestTurn.toFixed(1)} ms, longest pause between turns ${longest.toFixed(1)} ms`);
