/** sipsak, which registers a contact once and ends. */
import { type Finished, startProgram } from './command.ts';
import { peer } from './peers.ts';
import type { PhoneAccount } from './phone-program.ts';

/** Registers; its code is 0 where that went well. */
export function sipsakRegister({ user, password, port }: PhoneAccount): Promise<Finished> {
  return startProgram(peer('sipsak').path, [
    ...['-U', '-C', `sip:${user}@127.0.0.1:9`, '-x', '60', '-u', user, '-a', password],
    ...['-r', `${port}`, '-s', `sip:${user}@127.0.0.1`],
  ]).finished();
}
