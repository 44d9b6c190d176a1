import { L_ERR } from '../script/log.ts';
import { defineModule, fn, intParam, listParam, type ModuleHost } from '../script/module-definition.ts';
import type { Value } from '../script/values.ts';
import { ROUTE_ANY } from '../script/values.ts';

/** State of one program's app_ts module. */
interface AppTsModule {
  readonly host: ModuleHost;
}

/**
 * app_ts: TypeScript beside a configuration, as app_lua and app_python3 are for their languages. The server reads the files that `load` names
 * before it links the configuration; what they export is part of the program then.
 */
export const appTs = defineModule<AppTsModule>({
  name: 'app_ts',
  after: [],
  parameters: [
    // Files, relative to the configuration that names them, else to the working directory.
    listParam('load'),
    // Seconds after which a function that has not answered is no longer waited for; 0 waits for ever.
    intParam('wait_limit', 10),
  ],
  functions: [
    fn(
      'ts_run',
      ['str', 'value?', 'value?', 'value?', 'value?', 'value?'],
      ROUTE_ANY,
      ({ host }) =>
        (ctx, name, ...args) => {
          const callback = host.program().callback(name);
          if (callback !== null)
            return callback(
              ctx,
              args.filter((value): value is Value => value !== undefined),
            );
          host.log.write(
            L_ERR,
            'app_ts',
            `ts_run: no loaded file exports a function ${name}`,
            'APP_TS_UNKNOWN_FUNCTION',
          );
          return -1;
        },
      { async: true, callback: true, support: 'yes: ours' },
    ),
  ],
  variables: [],
  transformations: [],
  eventRoutes: [],
  create: (host) => ({ host }),
});
