import { defineModule, intParam, listParam, type ParameterDefinition, strParam } from '../script/module-definition.ts';
import { LOCATION_COLUMNS } from '../storage/location-table.ts';
import { USRLOC_COMMANDS } from './usrloc/commands.ts';
import { runExpired } from './usrloc/expired-route.ts';
import type { UsrlocModule } from './usrloc/instance.ts';
import { Keepalives } from './usrloc/keepalive.ts';
import { Location } from './usrloc/location.ts';
import { readUsrlocSettings } from './usrloc/settings.ts';

const ALWAYS = 'ignored: rows are always found by their ruid, and inserted or updated as needed';
const ONE_TIMER = 'ignored: one timer does the work';

const columns: readonly ParameterDefinition[] = Object.values(LOCATION_COLUMNS)
  .filter(({ parameter }) => parameter !== '')
  .map(({ parameter, name }) => strParam(parameter, name));

/** usrloc: the contacts of registered users, in memory and in a database. */
export const usrloc = defineModule<UsrlocModule>({
  name: 'usrloc',
  after: [],
  parameters: [
    intParam('use_domain', 0),
    intParam('matching_mode', 0),
    intParam('cseq_delay', 20),
    intParam('desc_time_order', 0),
    intParam('timer_interval', 60),
    intParam('nat_bflag', null),
    intParam('hash_size', 10, 'ignored: tables grow; commands tell of it'),
    strParam('db_url', null),
    intParam(
      'db_mode',
      0,
      'yes: with 1, a reply waits at most two seconds for the database; what it misses is written later',
    ),
    intParam('version_table', 1),
    intParam('db_load', 1),
    intParam('fetch_rows', null, 'ignored: a thousand rows at once'),
    listParam('preload'),
    ...columns,
    intParam('db_ops_ruid', 1, ALWAYS),
    intParam('db_update_as_insert', 0, ALWAYS),
    intParam('db_insert_update', 0, ALWAYS),
    intParam('db_check_update', 0, ALWAYS),
    intParam('db_insert_null', null, 'ignored: absent texts are NULL where the column takes it'),
    intParam('db_raw_fetch_type', 0, 'ignored: there is one way of reading'),
    intParam('db_timer_clean', 0, 'yes: contacts of this server are deleted as they end in any case'),
    intParam('db_clean_tcp', 0),
    intParam('expires_type', 0),
    intParam('timer_procs', 0, ONE_TIMER),
    intParam('rm_expired_delay', 0, 'yes: in db_mode 3, as in Kamailio'),
    intParam('close_expired_tcp', 0),
    intParam('handle_lost_tcp', 0, 'yes: at once, not with the next timer_interval'),
    intParam('server_id_filter', 0),
    intParam('skip_remote_socket', 0),
    intParam('load_rank', 1, 'ignored: there is one process'),
    strParam('xavp_contact', null),
    strParam('registered_users', null, 'ignored: the statistic has its usual name'),
    intParam('ka_mode', 0),
    strParam('ka_from', 'sip:server@kamailio.org'),
    strParam('ka_domain', 'kamailio.org'),
    strParam('ka_method', 'OPTIONS'),
    intParam('ka_filter', 0),
    intParam('ka_timeout', 0, 'yes: a silent contact ends at once; Kamailio leaves it ten seconds more'),
    intParam('ka_loglevel', 255),
    strParam('ka_logmsg', ' to-uri: [$tu] remote-addr: [$sas]'),
  ],
  functions: [],
  variables: [],
  transformations: [],
  eventRoutes: ['usrloc:contact-expired'],
  create: (host, parameters) => {
    const settings = readUsrlocSettings(parameters);
    // Contacts outlive the configuration that they were saved under.
    const held = host.keep.take(
      'usrloc',
      () => new Location(host),
      (location) => location.close(),
    );
    const { statistics } = host;
    const location = held.value;
    const sum = (count: (users: number, contacts: number, expired: number) => number): number => {
      let total = 0;
      for (const { bindings } of location.all()) total += count(bindings.users, bindings.contacts, bindings.expired);
      return total;
    };
    statistics.gauge('usrloc', 'registered_users', () => sum((users) => users));
    for (const name of new Set(['location', ...settings.preload])) {
      statistics.gauge('usrloc', `${name}_users`, () => location.find(name)?.bindings.users ?? 0);
      statistics.gauge('usrloc', `${name}_contacts`, () => location.find(name)?.bindings.contacts ?? 0);
      statistics.gauge('usrloc', `${name}_expires`, () => location.find(name)?.bindings.expired ?? 0);
    }
    const keepalives =
      settings.keepalive === null ? null : new Keepalives(host, location, settings, settings.keepalive);
    return { host, settings, location, keepalives, hashSize: 2 ** parameters.int('hash_size'), release: held.release };
  },
  start: ({ host, settings, location, keepalives }, program) => {
    location.configure(host, settings);
    keepalives?.begin();
    location.onExpired = (table, binding) => {
      const { connection } = binding;
      if (settings.closeExpiredTcp && connection > 0) host.sender.closeConnection?.(connection);
      runExpired(host, program, { table, binding });
    };
  },
  open: ({ location }) => location.ready(),
  rpc: USRLOC_COMMANDS,
  drain: ({ location }) => location.drain(),
  replaced: ({ keepalives }) => keepalives?.end(),
  stop: ({ release, keepalives }) => {
    keepalives?.end();
    release();
  },
});
