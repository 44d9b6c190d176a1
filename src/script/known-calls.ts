/** The calls of module functions in a configuration, as modules may look at them before anything runs. */
import type { Arg, CallSite, RoutePlan, Stmt } from './compile-ir.ts';
import { visitCalls } from './compile-ir-calls.ts';
import type { KnownCall } from './module-definition.ts';

/** Every call of a module's function, in the order of the routes. */
export function knownCalls(routes: readonly RoutePlan[]): readonly KnownCall[] {
  const list: KnownCall[] = [];
  for (const { kind, body } of routes) {
    const going = new Set<CallSite>();
    // A named route returns to who called it.
    findGoing(body, kind === 'route', going);
    visitCalls(body, (site) => {
      if (site.kind !== 'function') return;
      const { module, definition } = site.symbol;
      const args = site.args.map(constantOf);
      while (args.length > 0 && site.args[args.length - 1] === null) args.pop();
      list.push({ module, name: definition.name, args, goesOn: going.has(site), at: site.at });
    });
  }
  return list;
}

function constantOf(arg: Arg | null): KnownCall['args'][number] {
  return arg?.kind === 'constant' ? arg.value : undefined;
}

/**
 * Collects the calls that stand alone as a statement and after which other statements are run.
 * @param after whether statements follow the end of this list
 */
function findGoing(body: readonly Stmt[], after: boolean, going: Set<CallSite>): void {
  const statements = body.filter(({ op }) => op !== 'nothing');
  statements.forEach((statement, index) => {
    const following = statements.slice(index + 1);
    if (statement.op === 'call') {
      // What is logged before the exit does no harm.
      if (following.some(ends)) return;
      if (following.length > 0 || after) going.add(statement.call);
      return;
    }
    const [next] = following;
    const goesOn = next === undefined ? after : !ends(next);
    for (const block of blocksOf(statement)) findGoing(block, goesOn, going);
  });
}

function ends({ op }: Stmt): boolean {
  return op === 'end' || op === 'return';
}

function blocksOf(statement: Stmt): readonly (readonly Stmt[])[] {
  switch (statement.op) {
    case 'if':
      return statement.no === null ? [statement.yes] : [statement.yes, statement.no];
    case 'while':
    case 'each':
    case 'block':
      return [statement.body];
    case 'switch':
      return statement.cases.map(({ body }) => body);
    default:
      return [];
  }
}
