import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { relative, sep } from 'node:path';
import { styleText } from 'node:util';
import { L_WARN, type Log } from '../script/log.ts';
import { levelName } from '../server/log-sink.ts';
import type { LoadOptions, RunningServer } from '../server/server-api.ts';
import { CarrierSimulator } from '../server/simulator/carrier.ts';
import { type CallResult, PhoneSimulator } from '../server/simulator/phone.ts';
import { packageVersion } from '../server/version.ts';
import { Ladder, type Party, showsUtf8 } from './demo-ladder.ts';
import { CallRecord, judgeCall } from './demo-verdict.ts';
import { CliError, EXIT, formatError, usageError } from './errors.ts';
import { SAME_SIGNAL, startFailure } from './run.ts';

/** How the demo is to run. */
export interface DemoSettings {
  /** End after the test call. */
  readonly once: boolean;
  /** 0 for any. */
  readonly port: number;
  readonly carrierPort: number;
  readonly challenge: 401 | 407;
  /** Level of the server's log to show; null: the script's lines and warnings. */
  readonly debug: number | null;
}

const HOST = '127.0.0.1';
/** What examples/trunk/kamailio.cfg says by itself; other values are given to it as options. */
const FILE_PORT = 5070;
const FILE_CARRIER_PORT = 5080;
const REALM = 'carrier.example';
const CALLER = '"Alice" <sip:alice@office.example>';
/** 555-01xx numbers belong to nobody. */
const CALLED = 'sip:+12025550142@carrier.example';

function out(line = ''): void {
  process.stdout.write(`${line}\n`);
}

function heading(text: string): string {
  return process.stdout.isTTY === true ? styleText('bold', text) : text;
}

/**
 * A port that is free now; binding it is also the test whether the asked one is.
 * @throws CliError CLI_DEMO_PORT
 */
async function freePort(port: number, whose: string, option: string): Promise<number> {
  const socket = createSocket('udp4');
  try {
    socket.bind(port, HOST);
    await once(socket, 'listening');
    return socket.address().port;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    const reason = code === 'EADDRINUSE' ? 'is in use by another program' : `cannot be used (${code})`;
    throw new CliError(
      'CLI_DEMO_PORT',
      `UDP port ${port} of ${HOST}, meant for ${whose}, ${reason}`,
      `Is the demo running elsewhere? "ss -lnup" shows who has it. Or take another: npm start -- ${option} ${port + 100}`,
    );
  } finally {
    socket.close();
  }
}

/** The server's log in the demo: what the script says joins the ladder, the rest only when it matters. */
class DemoLog implements Log {
  level: number;
  private readonly shown: number;
  private readonly ladder: Ladder;

  constructor(ladder: Ladder, debug: number | null) {
    this.ladder = ladder;
    this.shown = debug ?? L_WARN;
    this.level = debug ?? L_WARN;
  }

  write(level: number, module: string, text: string, code = ''): void {
    const line = text.trimEnd();
    if (module === '<script>') out(this.ladder.note(`xlog: ${line}`));
    else if (level <= this.shown) {
      out(this.ladder.note(`${levelName(level)} ${module}: ${line}${code === '' ? '' : ` [${code}]`}`));
    }
  }
}

interface Stage {
  readonly server: RunningServer;
  readonly carrier: CarrierSimulator;
  readonly load: LoadOptions;
}

/** Shows each message and keeps book, as long as a call is on the record. */
class Observer {
  record: CallRecord | null = null;
  private readonly ladder: Ladder;

  constructor(ladder: Ladder) {
    this.ladder = ladder;
  }

  trace(party: Party) {
    return (direction: 'sent' | 'received', message: Parameters<Ladder['message']>[2]): void => {
      this.record?.add(party, direction === 'sent', message);
      out(this.ladder.message(party, direction === 'sent', message));
    };
  }
}

function configurationFile(): string {
  const path = decodeURIComponent(new URL('../../examples/trunk/kamailio.cfg', import.meta.url).pathname);
  const near = relative(process.cwd(), path);
  return near.startsWith(`..${sep}`) ? path : near;
}

async function setUp(settings: DemoSettings, ladder: Ladder, observer: Observer): Promise<Stage> {
  if (settings.port !== 0 && settings.port === settings.carrierPort) {
    throw usageError(
      `--port and --carrier-port are both ${settings.port}`,
      'Give the server and the carrier a port each.',
    );
  }
  const port = await freePort(settings.port, 'the server', '--port');
  const carrierPort = await freePort(settings.carrierPort, 'the simulated carrier', '--carrier-port');
  const carrier = new CarrierSimulator({
    host: HOST,
    port: carrierPort,
    realm: REALM,
    user: 'test',
    password: 'test',
    challenge: settings.challenge === 401 ? 'www' : 'proxy',
    ringAfter: 150,
    answerAfter: 600,
    log: () => {},
    trace: observer.trace('carrier'),
  });
  await carrier.start();
  const load: LoadOptions = {
    file: configurationFile(),
    cwd: process.cwd(),
    defines: carrierPort === FILE_CARRIER_PORT ? [] : [{ name: 'CARRIER', value: `"sip:${HOST}:${carrierPort}"` }],
    listen: port === FILE_PORT ? [] : [`udp:${HOST}:${port}`],
    debug: settings.debug,
    unsupported: 'error',
    autoAliases: null,
  };
  const { startServer } = await import('../server/server.ts');
  try {
    return { server: await startServer(load, new DemoLog(ladder, settings.debug)), carrier, load };
  } catch (error) {
    await carrier.stop();
    throw startFailure(error);
  }
}

async function placeCall(server: RunningServer, observer: Observer): Promise<CallResult> {
  const phone = new PhoneSimulator(HOST, 0, () => {}, observer.trace('phone'));
  await phone.start();
  try {
    const port = server.sockets[0]?.port ?? FILE_PORT;
    return await phone.call({ proxyIp: HOST, proxyPort: port, requestUri: CALLED, from: CALLER, talkFor: 700 });
  } finally {
    await phone.stop();
  }
}

function introduce(stage: Stage, settings: DemoSettings): void {
  const { server, carrier, load } = stage;
  out(heading(`Trunkline ${packageVersion()}: a call through a carrier that wants a password`));
  out();
  out(`  configuration  ${load.file}, as it would run on Kamailio`);
  out(`  server         udp:${HOST}:${server.sockets[0]?.port}`);
  out(`  carrier        udp:${carrier.address}, simulated; asks for a password with ${settings.challenge}`);
  out(`  phone          ${CALLER}, simulated; has no password`);
  out();
}

function invite(stage: Stage): void {
  const port = stage.server.sockets[0]?.port;
  out();
  out(heading("The server stays up for your own calls; their carrier's side is drawn here."));
  out(`  softphone   outbound proxy ${HOST}:${port} (UDP), no registration, any number`);
  out(`  sipp        sipp -sf examples/trunk/sipp-call.xml -m 1 ${HOST}:${port}`);
  out('  stop        Ctrl-C');
  out();
}

/**
 * The demo: a server with examples/trunk/kamailio.cfg, a carrier that challenges, a phone that calls.
 * @returns exit code: 0 when the test call went as it should
 * @throws CliError when a port is taken or the server does not start
 */
export async function runDemo(settings: DemoSettings): Promise<number> {
  const ladder = new Ladder(showsUtf8(process.env));
  const observer = new Observer(ladder);
  const stage = await setUp(settings, ladder, observer);
  const stopped = settings.once ? null : untilInterrupted();
  introduce(stage, settings);
  out(heading(`The phone calls ${CALLED}:`));
  out(ladder.header());
  const record = new CallRecord();
  observer.record = record;
  const result = await Promise.race([placeCall(stage.server, observer), ...(stopped === null ? [] : [stopped])]);
  observer.record = null;
  let ok = false;
  if (result !== undefined) {
    const verdict = judgeCall(record, result, CALLER);
    ok = verdict.ok;
    const [headline = '', ...rest] = verdict.lines;
    out();
    out(heading(headline));
    for (const line of rest) out(line);
    if (!ok) {
      const advice = 'Run it with --debug 3 to see what the server does.';
      process.stderr.write(formatError(new CliError('CLI_DEMO_CALL', "the demo's call failed", advice)));
    }
    if (stopped !== null) {
      invite(stage);
      await stopped;
    }
  }
  if (!settings.once) out('Stopping.');
  await stage.server.stop(settings.once ? 0 : 2000);
  await stage.carrier.stop();
  // A demo that was stopped by hand has done what it was asked to.
  return ok || !settings.once ? EXIT.ok : EXIT.failed;
}

/** Resolves at the first Ctrl-C or SIGTERM; a second one ends the process at once. */
function untilInterrupted(): Promise<undefined> {
  return new Promise((resolve) => {
    let asked = 0;
    const stop = (): void => {
      // A terminal's Ctrl-C comes twice when a launcher passes on what this process got as well.
      if (asked > 0 && performance.now() - asked > SAME_SIGNAL) process.exit(130);
      asked ||= performance.now();
      resolve(undefined);
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
  });
}
