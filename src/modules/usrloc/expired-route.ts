import type { Binding } from '../../registrar/binding.ts';
import type { ScriptContext } from '../../script/context.ts';
import type { ModuleHost } from '../../script/module-definition.ts';
import { fromHere, runOccasion } from '../../script/occasion.ts';
import type { Program } from '../../script/program.ts';
import type { LocationTable } from './location.ts';

const EXPIRED = Symbol('usrloc expired contact');

/** What an event route for a contact that ended is about. */
export interface ExpiredContact {
  readonly table: LocationTable;
  readonly binding: Binding;
}

/** The contact that a run is about, `$ulc(exp=>…)`. */
export function expiredOf(ctx: ScriptContext): ExpiredContact | undefined {
  return ctx.cached<ExpiredContact>(EXPIRED);
}

/** Runs event_route[usrloc:contact-expired]. */
export function runExpired(host: ModuleHost, program: Program, expired: ExpiredContact): void {
  const from = fromHere(host.sender.sockets, host.clock.now());
  runOccasion(program, 'event', 'usrloc:contact-expired', from, (ctx) => ctx.setCached(EXPIRED, expired));
}
