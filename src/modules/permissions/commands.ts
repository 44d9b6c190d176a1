import { RpcFault } from '../../rpc/method.ts';
import { RpcSeveral, RpcStruct, type RpcValue, struct } from '../../rpc/value.ts';
import { type RpcDefinition, rpc } from '../../script/module-definition.ts';
import { fromBytes, toBytes } from '../../script/utf8.ts';
import type { PermissionsModule } from './instance.ts';
import { allowed } from './rules.ts';
import { PROTOCOLS } from './trusted.ts';

function shown(text: string | null): string {
  return text === null ? 'NULL' : fromBytes(text);
}

async function reload(
  m: PermissionsModule,
  loader: { load(): Promise<boolean> } | null,
  what: string,
): Promise<string> {
  if (loader === null) throw new RpcFault(500, 'Reload failed.');
  const now = m.host.clock.now();
  if (now < m.quiet.until) throw new RpcFault(500, 'ongoing reload');
  m.quiet.until = now + m.reloadDelta;
  if (!(await loader.load()))
    throw new RpcFault(500, `Reload failed. The ${what} table cannot be read; the log says why.`);
  return 'Reload OK';
}

/** The tables have no slots; the number that the original shows is 0. */
function dump(m: PermissionsModule, kind: 'address' | 'subnet'): RpcSeveral {
  return new RpcSeveral(
    m.addresses.list(kind).map(({ group, address, mask, port, tag }, index) => {
      const item: Record<string, RpcValue> = { ip: address };
      if (kind === 'subnet') item.mask = mask;
      item.port = port;
      // A network without a tag has an empty one.
      item.tag = kind === 'subnet' ? fromBytes(tag ?? '') : shown(tag);
      return struct(
        kind === 'subnet' ? { id: index, group, item: struct(item) } : { table: 0, group, item: struct(item) },
      );
    }),
  );
}

const NO_SLOTS = { array: true, support: 'partly: there are no slots; table is 0' };

export const PERMISSIONS_COMMANDS: readonly RpcDefinition<PermissionsModule>[] = [
  rpc('permissions.addressReload', ['Reads the address table or file again.'], (m) =>
    reload(m, m.addressLoader, 'address'),
  ),
  rpc(
    'permissions.addressDump',
    ['Addresses in memory, without networks and names.'],
    (m) => dump(m, 'address'),
    NO_SLOTS,
  ),
  rpc('permissions.subnetDump', ['Networks in memory.'], (m) => dump(m, 'subnet'), { array: true }),
  rpc(
    'permissions.domainDump',
    ['Names in memory.'],
    (m) =>
      new RpcStruct(
        m.addresses.list('domain').flatMap(({ group, address, port, tag }): [string, RpcValue][] => [
          ['table', 0],
          ['group', group],
          ['item', struct({ domain_name: fromBytes(address), port, tag: shown(tag) })],
        ]),
      ),
    { support: 'partly: there are no slots; table is 0' },
  ),
  rpc('permissions.trustedReload', ['Reads the trusted table again.'], (m) => reload(m, m.trustedLoader, 'trusted')),
  rpc(
    'permissions.trustedDump',
    ['Trusted sources in memory.'],
    (m) =>
      new RpcStruct(
        m.trusted.list().flatMap(({ source, proto, fromText, ruriText, tag, priority }): [string, RpcValue][] => [
          ['table', 0],
          [
            'item',
            struct({
              ip: fromBytes(source),
              proto: PROTOCOLS[proto] ?? 0,
              pattern: shown(fromText),
              ruri_pattern: shown(ruriText),
              tag: shown(tag),
              priority,
            }),
          ],
        ]),
      ),
    { support: 'partly: there are no slots; table is 0' },
  ),
  ...['permissions.testUri', 'permissions.allowUri'].map((name) =>
    rpc<PermissionsModule>(name, ['Tells whether files allow a pair: base name, URI, contact.'], (m, args) => {
      const [base, uri, contact] = [0, 1, 2].map((index) => args.text(index));
      if (base == null || uri == null || contact == null)
        throw new RpcFault(500, 'Not enough parameters (basename, URI and contact)');
      const allow = m.ruleFile(base + m.allowSuffix);
      const deny = m.ruleFile(base + m.denySuffix);
      const defaults = [m.defaultAllow, m.defaultDeny].map(m.ruleFile);
      // Only what the configuration names: an operator's text is no path to read from.
      if (![allow, deny].every((path) => m.files.has(path) || defaults.includes(path))) return 'Denied';
      const pairs = [[toBytes(uri), toBytes(contact)]] as const;
      return allowed(m.files.get(allow), m.files.get(deny), pairs) ? 'Allowed' : 'Denied';
    }),
  ),
];
