/** linphone as a phone: no sound card, told what to do on its standard input. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { peer } from './peers.ts';
import { type PhoneAccount, PhoneProgram } from './phone-program.ts';
import { freePort } from './ports.ts';
import { sleep } from './servers.ts';

/** What is started. */
export interface LinphonePlan {
  /**
   * linphonec, which asks for a password where it has no answer to a challenge, and does nothing until it gets one; or linphone-daemon, which
   * goes on.
   */
  readonly program: 'linphonec' | 'linphone-daemon';
  readonly accounts: readonly PhoneAccount[];
  /** Seconds that its registrations are to last. */
  readonly expires?: number;
}

const PROMPT = { linphonec: /linphonec> /, 'linphone-daemon': /daemon-linphone>/ };

export class Linphone {
  readonly port: number;
  private readonly program: PhoneProgram;

  private constructor(port: number, program: PhoneProgram) {
    this.port = port;
    this.program = program;
  }

  static async start(plan: LinphonePlan): Promise<Linphone> {
    const port = await freePort();
    const program = new PhoneProgram('linphone');
    // Without the folder for its database it comes up by half.
    mkdirSync(join(program.home, '.local/share/linphone'), { recursive: true });
    const uses = (transport: string): boolean => plan.accounts.some((account) => account.transport === transport);
    const file = join(program.home, 'linphonerc');
    writeFileSync(
      file,
      [
        '[sip]',
        `sip_port=${port}`,
        // -1: any port.
        `sip_tcp_port=${uses('tcp') ? -1 : 0}`,
        `sip_tls_port=${uses('tls') ? -1 : 0}`,
        'bind_address=127.0.0.1',
        'use_ipv6=0',
        'default_proxy=0',
        'verify_server_certs=0',
        'verify_server_cn=0',
        'register_only_when_network_is_up=0',
        ...plan.accounts.flatMap(({ user, password, port: server, transport = 'udp' }, index) => [
          `[proxy_${index}]`,
          `reg_proxy=<sip:127.0.0.1:${server};transport=${transport}>`,
          `reg_identity=sip:${user}@127.0.0.1:${server}`,
          `reg_expires=${plan.expires ?? 60}`,
          'reg_sendregister=1',
          // Without a realm: it takes the first that asks.
          `[auth_info_${index}]`,
          `username=${user}`,
          `userid=${user}`,
          `passwd=${password}`,
        ]),
        '',
      ].join('\n'),
    );
    const log = join(program.home, 'log');
    program.run(
      peer(plan.program).path,
      plan.program === 'linphonec'
        ? ['-a', '-c', file, '-l', log, '-d', '6']
        : ['--config', file, '--log', log, '--disable-stats-events'],
    );
    await program.printed(PROMPT[plan.program]);
    return new Linphone(port, program);
  }

  get output(): string {
    return this.program.output;
  }

  /** The messages that it sent and got, among much else. */
  get log(): string {
    return readFileSync(join(this.program.home, 'log'), 'latin1');
  }

  /** A command as typed: call, terminate, proxy use. */
  command(line: string): void {
    this.program.type(line);
  }

  /** Waits until it printed something. @throws Error with its output */
  printed(pattern: RegExp): Promise<void> {
    return this.program.printed(pattern);
  }

  /** How many accounts linphone-daemon holds for registered: answers take it a while, one after the other. */
  async registered(): Promise<number> {
    const { length } = this.output;
    this.program.type('register-status ALL');
    for (let tries = 0; tries < 400 && !PROMPT['linphone-daemon'].test(this.output.slice(length)); tries++)
      await sleep(25);
    return this.output.slice(length).split('State: LinphoneRegistrationOk').length - 1;
  }

  /** Ends it; it removes its contacts first. @returns whether it ended by itself */
  async quit(): Promise<boolean> {
    this.program.type('quit');
    return (await this.program.ended()) !== null;
  }
}
