import { defineModule } from '../script/module-definition.ts';

/** cfg_rpc: its commands (cfg.get, cfg.set…) are the server's own and always there, so that loading it adds nothing. */
export const cfgRpc = defineModule<null>({
  name: 'cfg_rpc',
  after: [],
  parameters: [],
  functions: [],
  variables: [],
  transformations: [],
  eventRoutes: [],
  create: () => null,
});
