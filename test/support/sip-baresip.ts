/** baresip as a phone: no sound card, driven by its control port. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peer } from './peers.ts';
import { freePort } from './ports.ts';
import { portBound, sleep } from './servers.ts';
import { SipText } from './sip-text.ts';

/** Half a minute of silence, 16 bit, 8 kHz, mono: baresip needs a source of sound, and hangs up where it ends. */
function silence(): Buffer {
  const samples = Buffer.alloc(30 * 16_000);
  const header = Buffer.alloc(44);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(36 + samples.length, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(8_000, 24);
  header.writeUInt32LE(16_000, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(samples.length, 40);
  return Buffer.concat([header, samples]);
}

/** What baresip reports: CALL_ESTABLISHED, CALL_CLOSED… */
export interface BaresipEvent {
  readonly type: string;
  readonly param: string;
}

export class Baresip {
  readonly port: number;
  readonly events: BaresipEvent[] = [];
  private readonly directory: string;
  private readonly child: ChildProcess;
  private control: Socket | null = null;
  private output = '';

  private constructor(port: number, directory: string, child: ChildProcess) {
    this.port = port;
    this.directory = directory;
    this.child = child;
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (data: Buffer) => {
        this.output += data.toString('latin1');
      });
  }

  /** @param account the address of record with parameters, as in baresip's accounts file */
  static async start(account: string): Promise<Baresip> {
    const port = await freePort();
    const controlPort = await freePort();
    const directory = mkdtempSync(join(tmpdir(), 'trunkline-baresip-'));
    const file = (name: string): string => join(directory, name);
    writeFileSync(file('silence.wav'), silence());
    writeFileSync(file('accounts'), `${account}\n`);
    writeFileSync(file('contacts'), '');
    writeFileSync(
      file('config'),
      [
        `sip_listen 127.0.0.1:${port}`,
        'net_interface 127.0.0.1',
        'module_path /usr/lib/baresip/modules',
        ...['g711.so', 'aufile.so', 'ctrl_tcp.so'].map((name) => `module ${name}`),
        'module_tmp account.so',
        'module_app menu.so',
        `ctrl_tcp_listen 127.0.0.1:${controlPort}`,
        `audio_source aufile,${file('silence.wav')}`,
        `audio_player aufile,${file('heard.wav')}`,
        'audio_alert none',
        '',
      ].join('\n'),
    );
    const child = spawn(peer('baresip').path, ['-4', '-s', '-f', directory, '-t', '60'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const baresip = new Baresip(port, directory, child);
    for (let tries = 0; tries < 400 && !portBound('tcp', controlPort) && child.exitCode === null; tries++)
      await sleep(25);
    await baresip.open(controlPort);
    return baresip;
  }

  /** Everything it printed, messages included. */
  get log(): string {
    return this.output;
  }

  private open(port: number): Promise<void> {
    const socket = connect(port, '127.0.0.1');
    this.control = socket;
    let rest = '';
    socket.on('data', (data) => {
      rest += data.toString('latin1');
      for (let match = /^(\d+):/.exec(rest); match !== null; match = /^(\d+):/.exec(rest)) {
        const start = match[0].length;
        const end = start + Number(match[1]);
        if (rest.length <= end) return;
        const {
          event,
          type = '',
          param = '',
        } = JSON.parse(rest.slice(start, end)) as Partial<BaresipEvent> & {
          event?: boolean;
        };
        if (event === true) this.events.push({ type, param });
        rest = rest.slice(end + 1);
      }
    });
    return new Promise((resolve, reject) => {
      socket.once('connect', () => {
        socket.on('error', () => {});
        resolve();
      });
      socket.once('error', reject);
    });
  }

  /** Messages of one direction so far, in order, repetitions included, as its trace prints them. */
  messages(direction: 'in' | 'out'): SipText[] {
    const found: SipText[] = [];
    // "#\nUDP from -> to\n" and the message, between two escape sequences for colour.
    for (const [, from, text = ''] of this.output.matchAll(
      /#\r?\n(?:UDP|TCP) \S+:(\d+) -> \S+\r?\n([^\x1b]*)\x1b\[;m/g,
    ))
      if ((Number(from) === this.port) === (direction === 'out'))
        found.push(new SipText(text.replace(/\r?\n/g, '\r\n')));
    return found;
  }

  /** Waits for a message that fits; the first one there is. @throws Error with the log */
  async message(direction: 'in' | 'out', fits: (message: SipText) => boolean, timeout = 15_000): Promise<SipText> {
    const deadline = Date.now() + timeout;
    for (;;) {
      const found = this.messages(direction).find(fits);
      if (found !== undefined) return found;
      if (Date.now() > deadline) throw new Error(`baresip: no such message:\n${this.output.slice(-6_000)}`);
      await sleep(25);
    }
  }

  /** A command as typed: dial, accept, hold, resume, hangup. */
  command(command: string, params = ''): void {
    const text = JSON.stringify({ command, params });
    this.control?.write(`${text.length}:${text},`);
  }

  /** Waits for an event. @throws Error with the log */
  async event(type: string, timeout = 15_000): Promise<BaresipEvent> {
    const deadline = Date.now() + timeout;
    for (;;) {
      const found = this.events.find((event) => event.type === type);
      if (found !== undefined) return found;
      if (Date.now() > deadline) throw new Error(`baresip: no ${type}:\n${this.output.slice(-6_000)}`);
      await sleep(25);
    }
  }

  async stop(): Promise<void> {
    this.control?.destroy();
    if (this.child.exitCode === null) {
      const ended = new Promise((resolve) => this.child.once('close', resolve));
      this.child.kill('SIGTERM');
      const force = setTimeout(() => this.child.kill('SIGKILL'), 5_000);
      await ended;
      clearTimeout(force);
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}
