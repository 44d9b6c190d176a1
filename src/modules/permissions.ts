import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { L_ERR } from '../script/log.ts';
import {
  defineModule,
  intParam,
  ModuleError,
  type ModuleHost,
  type ModuleParameters,
  strParam,
} from '../script/module-definition.ts';
import { compilePosix, RegexError } from '../script/regex.ts';
import { toBytes } from '../script/utf8.ts';
import type { SqlDatabase, SqlValue } from '../storage/sql-database.ts';
import { AddressBook, addressEntry, parseAddressFile } from './permissions/addresses.ts';
import { PERMISSIONS_COMMANDS } from './permissions/commands.ts';
import { PERMISSIONS_FUNCTIONS } from './permissions/functions.ts';
import type { PermissionsModule } from './permissions/instance.ts';
import { RuleFiles } from './permissions/rules.ts';
import { PROTOCOLS, TrustedBook, type TrustedEntry } from './permissions/trusted.ts';
import { moduleDatabase, rowInt, rowText, sqlName, TableLoader } from './support/table-loader.ts';

/** Bits of load_backends. */
const ADDRESS = 1;
const TRUSTED = 2;

function nullable(value: SqlValue | undefined): string | null {
  return value === null || value === undefined || value === '' ? null : toBytes(`${value}`);
}

/** The table's row as an entry; a text says what is wrong with it. */
function trustedEntry([source, proto, from, ruri, tag, priority]: readonly SqlValue[]): TrustedEntry | string {
  const name = rowText(proto).toLowerCase();
  if (!Object.hasOwn(PROTOCOLS, name)) return `"${name}" is no protocol`;
  const regex = (value: SqlValue | undefined): RegExp | null => {
    const text = nullable(value);
    return text === null ? null : compilePosix(text, { ignoreCase: false, newline: false });
  };
  try {
    return {
      source: toBytes(rowText(source)),
      proto: name,
      from: regex(from),
      ruri: regex(ruri),
      fromText: nullable(from),
      ruriText: nullable(ruri),
      tag: nullable(tag),
      priority: rowInt(priority) || 0,
    };
  } catch (error) {
    if (error instanceof RegexError) return `row of ${rowText(source)}: ${error.message}`;
    throw error;
  }
}

/** Loads an address file in the place of the table. */
function fileLoader(m: () => PermissionsModule, host: ModuleHost, path: string): PermissionsModule['addressLoader'] {
  const read = (): boolean => {
    let text: string;
    try {
      text = readFileSync(path, 'latin1');
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      host.log.write(L_ERR, 'permissions', `address file ${path} cannot be read: ${code}`, 'PERMISSIONS_FILE');
      return false;
    }
    const { entries, problems } = parseAddressFile(text);
    for (const problem of problems)
      host.log.write(L_ERR, 'permissions', `${path}: ${problem}; the line is left out`, 'TABLE_BAD_ROW');
    m().addresses = new AddressBook(entries);
    return true;
  };
  return { load: async () => read(), stop: () => {} };
}

function addressTable(
  m: () => PermissionsModule,
  host: ModuleHost,
  parameters: ModuleParameters,
  database: SqlDatabase,
): PermissionsModule['addressLoader'] {
  const name = (parameter: string): string => sqlName(parameters.str(parameter), parameter);
  const most = parameters.int('max_subnets');
  return new TableLoader(host, {
    database,
    module: 'permissions',
    table: name('address_table'),
    columns: ['grp_col', 'ip_addr_col', 'mask_col', 'port_col', 'tag_col'].map(name),
    rest: '',
    entry: ([group, address, mask, port, tag]) =>
      addressEntry(rowInt(group), toBytes(rowText(address)), rowInt(mask), rowInt(port), nullable(tag)),
    take: (entries) => {
      const book = new AddressBook(entries);
      m().addresses = book;
      const subnets = book.list('subnet').length;
      if (subnets > most) {
        const text = `${subnets} networks are more than max_subnets (${most}); all of them are used`;
        host.log.write(L_ERR, 'permissions', text, 'PERMISSIONS_SUBNETS');
      }
    },
  });
}

/** permissions: who may do what, by address, by trusted source, and by files of rules. */
export const permissions = defineModule<PermissionsModule>({
  name: 'permissions',
  after: ['pv'],
  parameters: [
    strParam('default_allow_file', 'permissions.allow'),
    strParam('default_deny_file', 'permissions.deny'),
    intParam('check_all_branches', 1),
    strParam('allow_suffix', '.allow'),
    strParam('deny_suffix', '.deny'),
    strParam('address_file', null),
    strParam('db_url', null),
    strParam('address_table', 'address'),
    strParam('grp_col', 'grp'),
    strParam('ip_addr_col', 'ip_addr'),
    strParam('mask_col', 'mask'),
    strParam('port_col', 'port'),
    intParam(
      'db_mode',
      0,
      'partly: the trusted table is always kept in memory; read it again with permissions.trustedReload',
    ),
    strParam('trusted_table', 'trusted'),
    strParam('source_col', 'src_ip'),
    strParam('proto_col', 'proto'),
    strParam('from_col', 'from_pattern'),
    strParam('ruri_col', 'ruri_pattern'),
    strParam('tag_col', 'tag'),
    strParam('priority_col', 'priority'),
    strParam('peer_tag_avp', null),
    intParam('peer_tag_mode', 0),
    intParam('max_subnets', 512, 'partly: more are used all the same, and the log says so'),
    intParam('subnet_match_mode', 0, 'ignored: the first that fits, by group and order'),
    intParam('load_backends', 0xffff),
    intParam('reload_delta', 5),
    intParam('trusted_cleanup_interval', 60, 'ignored: what is replaced is gone at once'),
  ],
  functions: PERMISSIONS_FUNCTIONS,
  variables: [],
  transformations: [],
  eventRoutes: [],
  create: (host, parameters) => {
    const url = parameters.str('db_url');
    const backends = parameters.int('load_backends');
    const file = parameters.str('address_file');
    const ruleFile = (name: string): string => resolve(host.runtime.configuration ?? '.', name);
    const database = url === '' ? null : moduleDatabase(url);
    const tag = parameters.str('peer_tag_avp');
    const peerTag = tag === '' ? null : host.variable(tag);
    if (typeof peerTag === 'string') throw new ModuleError('PERMISSIONS_TAG', peerTag, 'peer_tag_avp');
    if (peerTag !== null && !/^\$\(?avp\(/.test(tag))
      throw new ModuleError('PERMISSIONS_TAG', `${tag} is no AVP`, 'peer_tag_avp');
    const column = (parameter: string): string => sqlName(parameters.str(parameter), parameter);
    const self = (): PermissionsModule => module;
    const module: PermissionsModule = {
      host,
      addresses: new AddressBook(),
      trusted: new TrustedBook(),
      addressLoader:
        (backends & ADDRESS) === 0
          ? null
          : file !== ''
            ? fileLoader(self, host, ruleFile(file))
            : database === null
              ? null
              : addressTable(self, host, parameters, database),
      trustedLoader:
        (backends & TRUSTED) === 0 || database === null
          ? null
          : new TableLoader(host, {
              database,
              module: 'permissions',
              table: column('trusted_table'),
              columns: ['source_col', 'proto_col', 'from_col', 'ruri_col', 'tag_col', 'priority_col'].map(column),
              rest: '',
              entry: trustedEntry,
              take: (entries) => {
                module.trusted = new TrustedBook(entries);
              },
            }),
      close: () => void database?.close(),
      files: new RuleFiles(host.log),
      ruleFile,
      allowSuffix: parameters.str('allow_suffix'),
      denySuffix: parameters.str('deny_suffix'),
      defaultAllow: parameters.str('default_allow_file'),
      defaultDeny: parameters.str('default_deny_file'),
      checkAllBranches: parameters.int('check_all_branches') !== 0,
      peerTag,
      allTags: parameters.int('peer_tag_mode') === 1,
      reloadDelta: parameters.int('reload_delta') * 1000,
      quiet: { until: 0 },
    };
    return module;
  },
  rpc: PERMISSIONS_COMMANDS,
  open: async (module) => {
    // A database that is down is no reason not to start: nobody is let in until it is read.
    await Promise.all([module.addressLoader?.load(), module.trustedLoader?.load()]);
  },
  stop: (module) => {
    module.addressLoader?.stop();
    module.trustedLoader?.stop();
    module.close();
  },
});
