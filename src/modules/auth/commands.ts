import { type RpcArguments, RpcFault } from '../../rpc/method.ts';
import { RpcSeveral, struct } from '../../rpc/value.ts';
import { type RpcDefinition, rpc } from '../../script/module-definition.ts';
import { fromBytes, toBytes } from '../../script/utf8.ts';
import type { AuthModule } from './instance.ts';

function lift(m: AuthModule, args: RpcArguments): ReturnType<typeof struct> {
  const key = args.textOrInt(0);
  if (key === null) throw new RpcFault(400, 'Which address or user@realm? "all" ends every ban');
  const lifted = key === 'all' ? m.guard.liftAll() : m.guard.lift(toBytes(key));
  if (lifted === 0 && key !== 'all') throw new RpcFault(404, 'Not banned');
  return struct({ lifted });
}

export const AUTH_COMMANDS: readonly RpcDefinition<AuthModule>[] = [
  rpc(
    'auth.stats',
    ['How many challenges were sent, and what looking at credentials came to.'],
    (m) =>
      struct({
        flavour: m.flavour,
        challenges: m.challenges.value,
        ...Object.fromEntries([...m.outcomes].map(([name, { value }]) => [name.replace('-', '_'), value])),
        used_nonces: m.host.statistics.read('auth:used_nonces') ?? 0,
      }),
    { support: 'yes: ours' },
  ),
  rpc(
    'auth.ban_list',
    ['Sources and users that are refused for too many wrong credentials.'],
    (m) =>
      new RpcSeveral(
        m.guard
          .bans()
          .map(({ kind, key, leftMs, refused }) =>
            struct({ kind, key: fromBytes(key), seconds_left: Math.ceil(leftMs / 1000), refused }),
          ),
      ),
    { array: true, support: 'yes: ours' },
  ),
  rpc('auth.ban_lift', ['Ends a ban.', 'Parameter: an address or user@realm as in auth.ban_list, or all.'], lift, {
    support: 'yes: ours',
  }),
];
