import { struct } from '../rpc/value.ts';
import { defineModule, intParam, rpc, strParam } from '../script/module-definition.ts';
import { toBytes } from '../script/utf8.ts';
import { reviewDbCalls } from './auth_db/calls.ts';
import { AUTH_DB_FUNCTIONS } from './auth_db/functions.ts';
import { AuthDbModule } from './auth_db/instance.ts';
import { URI_FUNCTIONS } from './auth_db/uris.ts';

/** auth_db: users and their HA1s from a database. A route that asks it waits; other messages do not. */
export const authDb = defineModule<AuthDbModule>({
  name: 'auth_db',
  after: ['auth'],
  parameters: [
    strParam('db_url', 'mysql://kamailioro:kamailioro@localhost/kamailio'),
    strParam('user_column', 'username'),
    strParam('domain_column', 'domain'),
    strParam('password_column', 'ha1'),
    strParam('password_column_2', 'ha1b'),
    intParam('calculate_ha1', 0),
    intParam('use_domain', null),
    strParam('load_credentials', ''),
    intParam('force_generate_avps', 0),
    intParam('version_table', 1, 'ignored: the columns that a table has are looked at'),
    // OpenSIPS
    strParam('hash_column_sha256', 'ha1_sha256', 'yes: of OpenSIPS'),
    strParam('hash_column_sha512t256', 'ha1_sha512t256', 'yes: of OpenSIPS'),
    strParam('uri_user_column', 'username', 'yes: of OpenSIPS'),
    strParam('uri_domain_column', 'domain', 'yes: of OpenSIPS'),
    strParam('uri_uriuser_column', 'uri_user', 'yes: of OpenSIPS'),
    intParam('skip_version_check', 0, 'ignored: the columns that a table has are looked at'),
    // ours
    intParam('cache_expire', 5, 'yes: ours'),
  ],
  functions: [...AUTH_DB_FUNCTIONS, ...URI_FUNCTIONS],
  variables: [],
  transformations: [],
  eventRoutes: [],
  rpc: [
    rpc(
      'auth_db.cache_drop',
      [
        'Forgets what was read from the table, so that a new password counts at once.',
        'Parameter: a user, or none for all.',
      ],
      (m, args) => {
        const user = args.textOrInt(0);
        return struct({ dropped: m.dropCache(user === null ? null : toBytes(user)) });
      },
      { support: 'yes: ours' },
    ),
    rpc(
      'auth_db.stats',
      ['Look-ups of users, how many were answered from memory, and queries.'],
      (m) => struct({ lookups: m.lookups, from_cache: m.hits, queries: m.queries, cached: m.cached }),
      { support: 'yes: ours' },
    ),
  ],
  create: (host, parameters) => new AuthDbModule(host, parameters),
  review: reviewDbCalls,
  start: (module) => void module.tryTables(),
  stop: (module) => module.stop(),
});
