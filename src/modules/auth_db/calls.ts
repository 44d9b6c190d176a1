import type { CallFinding, KnownCall } from '../../script/module-definition.ts';
import { StorageError } from '../../storage/errors.ts';
import { checkTableName } from '../../storage/table-version.ts';
import { realmProblem } from '../auth/calls.ts';
import type { AuthDbModule } from './instance.ts';

/** Functions whose first arguments are a realm and a table. */
const AUTHORIZING = /^(?:www|proxy)_auth(?:enticate|orize)$|^auth_check$/;

/** Tables of users that calls name with constants. */
export function tablesOf(calls: readonly KnownCall[]): readonly string[] {
  const found = calls.flatMap(({ module, name, args: [, table] }) =>
    module === 'auth_db' && (AUTHORIZING.test(name) || name === 'is_subscriber') && table !== undefined
      ? [`${table}`]
      : [],
  );
  return [...new Set(found)];
}

/** Calls that can never work, as constants show: without a realm where Kamailio's rules are meant, and of tables that cannot be. */
export function reviewDbCalls({ auth }: AuthDbModule, calls: readonly KnownCall[]): readonly CallFinding[] {
  return calls.flatMap((call): CallFinding[] => {
    const { module, name, args } = call;
    if (module !== 'auth_db' || !AUTHORIZING.test(name)) return [];
    const [realm, table] = args;
    const kamailio = name.endsWith('_authenticate') || name === 'auth_check' || auth.settings.flavour === 'kamailio';
    const message =
      (realm === '' && !kamailio ? null : realmProblem(auth, realm, kamailio ? 'kamailio' : auth.flavour)) ??
      tableProblem(table);
    return message === null ? [] : [{ call, severity: 'error', message }];
  });
}

function tableProblem(table: KnownCall['args'][number]): string | null {
  if (table === undefined) return null;
  try {
    checkTableName(`${table}`);
    return null;
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    return `${error.message} (${error.code})`;
  }
}
