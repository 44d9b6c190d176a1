/** Twinkle as a phone: its program for terminals, no sound card. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { peer } from './peers.ts';
import { type PhoneAccount, PhoneProgram } from './phone-program.ts';
import { freePort } from './ports.ts';

export class Twinkle {
  private readonly program: PhoneProgram;

  private constructor(program: PhoneProgram) {
    this.program = program;
  }

  static async start(accounts: readonly PhoneAccount[]): Promise<Twinkle> {
    const program = new PhoneProgram('twinkle');
    const directory = join(program.home, '.twinkle');
    mkdirSync(directory);
    writeFileSync(
      join(directory, 'twinkle.sys'),
      [
        `sip_port=${await freePort()}`,
        `rtp_port=${await freePort()}`,
        ...['ringtone', 'speaker', 'mic'].map((device) => `dev_${device}=alsa:null`),
        'validate_audio_dev=no',
        ...accounts.map(({ user }) => `start_user_profile=${user}`),
        '',
      ].join('\n'),
    );
    for (const { user, password, port, transport = 'udp' } of accounts)
      writeFileSync(
        join(directory, `${user}.cfg`),
        [
          `user_name=${user}`,
          `user_domain=127.0.0.1:${port}`,
          `auth_name=${user}`,
          `auth_pass=${password}`,
          `registrar=127.0.0.1:${port}`,
          'register_at_startup=yes',
          'registration_time=60',
          // Presence of its own is not what is tried.
          'pres_publish_startup=no',
          `sip_transport=${transport}`,
          '',
        ].join('\n'),
      );
    program.run(peer('twinkle-console').path, []);
    await program.printed(/Twinkle> /);
    return new Twinkle(program);
  }

  get output(): string {
    return this.program.output;
  }

  /** Waits until it printed something. @throws Error with its output */
  printed(pattern: RegExp): Promise<void> {
    return this.program.printed(pattern);
  }

  /** A command as typed. */
  command(line: string): void {
    this.program.type(line);
  }

  /** Ends it; it removes its contacts first. @returns whether it ended by itself */
  async quit(): Promise<boolean> {
    this.program.type('quit');
    return (await this.program.ended()) !== null;
  }
}
