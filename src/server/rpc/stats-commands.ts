import { type RpcArguments, RpcFault, type RpcMethod } from '../../rpc/method.ts';
import { RpcDouble, RpcSeveral, RpcStruct, type RpcValue } from '../../rpc/value.ts';
import type { Statistics } from '../../script/statistics.ts';
import { command } from './context.ts';

/** One statistic at this moment. */
interface Found {
  readonly group: string;
  readonly name: string;
  readonly value: number;
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * The statistics that the parameters ask for, those of each in the order of their names: `all`, `group:`, `name`, and `group.name`.
 * @throws RpcFault when there is no parameter
 */
function select(statistics: Statistics, args: RpcArguments, missing: string): readonly Found[] {
  const all = statistics.list().toSorted((a, b) => order(a.group, b.group) || order(a.name, b.name));
  const found: Found[] = [];
  for (let index = 0; ; index++) {
    const text = args.text(index);
    if (text === null) {
      if (index === 0) throw new RpcFault(400, missing);
      return found;
    }
    if (text === 'all') found.push(...all);
    else if (text.endsWith(':')) found.push(...all.filter(({ group }) => `${group}:` === text));
    else {
      const byName = all.find(
        ({ group, name }) => name === text || `${group}.${name}` === text || `${group}:${name}` === text,
      );
      if (byName !== undefined) found.push(byName);
    }
  }
}

const ASK = 'Please provide which stats to retrieve';
const NAME = 'Please provide stats name';

/** stats.*: what the server counts. */
export function statsCommands(statistics: Statistics): readonly RpcMethod[] {
  const fetch = (args: RpcArguments, print: (value: number) => RpcValue): RpcStruct =>
    new RpcStruct(select(statistics, args, ASK).map(({ group, name, value }) => [`${group}.${name}`, print(value)]));
  return [
    command(
      'stats.get_statistics',
      'Statistics as texts: all, a group (its name and a colon), or by name.',
      (args) =>
        new RpcSeveral(select(statistics, args, ASK).map(({ group, name, value }) => `${group}:${name} = ${value}`)),
      true,
    ),
    command(
      'stats.fetch',
      'Statistics as a struct of texts: all, a group (its name and a colon), or by name.',
      (args) => fetch(args, (value) => `${value}`),
    ),
    command(
      'stats.fetchn',
      'Statistics as a struct of numbers: all, a group (its name and a colon), or by name.',
      (args) => fetch(args, (value) => new RpcDouble(value)),
    ),
    command('stats.reset_statistics', 'Sets statistics to zero; takes what stats.get_statistics takes.', (args) => {
      for (const { group, name } of select(statistics, args, NAME)) statistics.reset(`${group}:${name}`);
      return undefined;
    }),
    command(
      'stats.clear_statistics',
      'Sets statistics to zero and shows them, the old value in brackets where it was another.',
      (args) =>
        new RpcSeveral(
          select(statistics, args, NAME).map(({ group, name, value }) => {
            statistics.reset(`${group}:${name}`);
            const now = statistics.read(`${group}:${name}`) ?? 0;
            return `${group}:${name} = ${now}${now === value ? '' : ` (${value})`}`;
          }),
        ),
      true,
    ),
  ];
}
