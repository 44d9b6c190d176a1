/** What compiled routes cost: `node bench/script.ts`. Microseconds per run of a request route, without the modules' own work. */

import { SipMessage } from '../src/message/message.ts';
import { parseMessage } from '../src/message/parser.ts';
import type { ProxyCore } from '../src/proxy/proxy-core.ts';
import { RequestState } from '../src/proxy/request-state.ts';
import { RpcRegistry } from '../src/rpc/registry.ts';
import { compileConfig, knownVariables } from '../src/script/compile.ts';
import { Keep } from '../src/script/keep.ts';
import type { Log } from '../src/script/log.ts';
import { type AnyModule, defineModule, fn } from '../src/script/module-definition.ts';
import { parseConfig } from '../src/script/parse-config.ts';
import { makeRequestContext } from '../src/script/runtime-context.ts';
import { Statistics } from '../src/script/statistics.ts';
import { ROUTE_ANY } from '../src/script/values.ts';
import { realClock } from '../src/time/clock.ts';
import { HashedTimerWheel } from '../src/time/hashed-timer-wheel.ts';
import { seededRandom } from '../src/time/random.ts';
import type { Transactions } from '../src/transaction/transaction.ts';
import type { ListenSocket, Received, TransportSender } from '../src/transport/transport.ts';

const SOCKET: ListenSocket = {
  index: 0,
  proto: 'udp',
  address: '127.0.0.1',
  family: 4,
  port: 5060,
  name: '',
  displayHost: '127.0.0.1',
  displayPort: 5060,
};
const RECEIVED: Received = { socket: SOCKET, ip: '192.0.2.1', port: 5060, connection: 0, at: 0 };

const message = parseMessage(
  'INVITE sip:bob@example.com:5070 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:alice@example.com>;tag=1\r\n' +
    'To: <sip:bob@example.com>\r\nCall-ID: c@x\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\nUser-Agent: bench/1.0\r\nContent-Length: 0\r\n\r\n',
);

const log: Log = { level: 0, write: () => {} };

/** Functions that do next to nothing, so that what is measured is the compiled code around them. */
const probe: AnyModule = defineModule<unknown>({
  name: 'probe',
  after: [],
  parameters: [],
  functions: [
    fn('is_method', ['const'], ROUTE_ANY, () => (ctx, name) => (ctx.message.method === name ? 1 : -1)),
    fn(
      'has_totag',
      [],
      ROUTE_ANY,
      () =>
        ({ message: { to } }) =>
          to?.tag === '' ? -1 : 1,
    ),
    fn('take', ['str'], ROUTE_ANY, () => (_ctx, text) => (text.length > 0 ? 1 : -1)),
    fn('later', [], ROUTE_ANY, () => () => 1, { async: true }),
  ],
  variables: [],
  transformations: [],
  eventRoutes: [],
  create: () => ({}),
});

const TWENTY = `
  if (is_method("OPTIONS")) { exit; }
  if (has_totag()) { route(DIALOG); exit; }
  if (src_ip == 10.0.0.0/8) { setflag(1); }
  if (method == "CANCEL") { exit; }
  $var(trunk) = "carrier";
  $avp(user) = $fU;
  if ($rU =~ "^\\+?49") { $var(zone) = 1; } else { $var(zone) = 2; }
  if ($var(zone) == 2 && $ua != $null) { setflag(2); }
  switch ($var(zone)) { case 1: $var(p) = "de"; break; case 2: $var(p) = "xx"; break; default: $var(p) = ""; }
  take("$fU calls $rU by $var(trunk) ($ci)");
  if (isflagset(2)) { take("zone $var(zone)"); }
  route(RELAY);
`;

const BLOCKS = `
route[DIALOG] { take("dialog"); }
route[RELAY] { if (!is_method("INVITE")) { exit; } $var(n) = $var(zone) + 1; take("$rm"); return 1; }
`;

function prepare(body: string): () => number | Promise<number> {
  const modules = new Map([['probe', probe]]);
  const text = `loadmodule "probe.so"\nrequest_route {${body}}\n${BLOCKS}`;
  const config = parseConfig({ file: 'bench.cfg', text }, { isKnownVariable: knownVariables(modules) });
  const sender: TransportSender = {
    sockets: [SOCKET],
    send: () => true,
    socketFor: () => SOCKET,
    isMyself: (host) => host === '127.0.0.1',
  };
  const { ast, defines, diagnostics } = config;
  const services = {
    // No statement of the benchmark sends anything.
    proxy: {} as ProxyCore,
    sender,
    transactions: {} as Transactions,
    random: seededRandom(1),
    rpc: new RpcRegistry(),
    keep: new Keep(),
    resolver: { resolveNow: () => [], resolve: async () => [], denied: () => {} },
    wheel: new HashedTimerWheel({ clock: realClock }),
    clock: realClock,
    log,
    statistics: new Statistics(),
  };
  const result = compileConfig({ ast, defines, diagnostics }, modules, services);
  if (result.linked === null) throw new Error(result.diagnostics.map(({ message: text }) => text).join('\n'));
  if (!(message instanceof SipMessage)) throw new Error('bad message');
  const { program } = result.linked;
  const route = program.route('request', '');
  if (route === null) throw new Error('no route');
  return () => {
    const state = new RequestState(message, RECEIVED, program.hooks);
    return program.run(route, makeRequestContext(program, state, 1));
  };
}

const ROUND = 200_000;

async function measure(name: string, body: string): Promise<void> {
  const run = prepare(body);
  const round = async (): Promise<number> => {
    const start = process.cpuUsage();
    for (let i = 0; i < ROUND; i++) {
      const code = run();
      if (typeof code !== 'number') await code;
    }
    const used = process.cpuUsage(start);
    return (used.user + used.system) / ROUND;
  };
  await round(); // lets the compiler finish
  const best = Math.min(await round(), await round(), await round());
  console.log(`${name.padEnd(44)} ${best.toFixed(3).padStart(8)} µs`);
}

await measure('state and context alone', ';');
await measure('20 statements', TWENTY);
await measure('20 statements, asynchronous code', `${TWENTY} later();`);
await measure('one assignment of a constant', '$var(x) = 1;');
await measure('one text of four variables', 'take("$fU $rU $ci $rm");');
