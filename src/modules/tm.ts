import { defineModule } from '../script/module-definition.ts';
import { CONTACT_FUNCTIONS } from './tm/contacts.ts';
import { DETACHED_FUNCTIONS } from './tm/detached.ts';
import { createTm, type TmModule } from './tm/instance.ts';
import { TM_PARAMETERS } from './tm/parameters.ts';
import { RELAY_FUNCTIONS } from './tm/relay.ts';
import { REPLY_FUNCTIONS } from './tm/replies.ts';
import { ROUTE_FUNCTIONS } from './tm/routes.ts';
import { SETTING_FUNCTIONS } from './tm/settings.ts';
import { STATUS_FUNCTIONS } from './tm/status.ts';
import { TRANSACTION_FUNCTIONS } from './tm/transaction.ts';
import { UNSUPPORTED_FUNCTIONS } from './tm/unsupported.ts';
import { WRITE_FUNCTIONS } from './tm/write-request.ts';

/** tm: the transaction module. */
export const tm = defineModule<TmModule>({
  name: 'tm',
  after: [],
  parameters: TM_PARAMETERS,
  functions: [
    ...TRANSACTION_FUNCTIONS,
    ...RELAY_FUNCTIONS,
    ...CONTACT_FUNCTIONS,
    ...REPLY_FUNCTIONS,
    ...STATUS_FUNCTIONS,
    ...ROUTE_FUNCTIONS,
    ...SETTING_FUNCTIONS,
    ...DETACHED_FUNCTIONS,
    ...WRITE_FUNCTIONS,
    ...UNSUPPORTED_FUNCTIONS,
  ],
  variables: [],
  transformations: [],
  // Replies made here pass no route: the checker says so of event_route[tm:local-response].
  eventRoutes: ['tm:branch-failure*', 'tm:local-request'],
  create: createTm,
  stop: (module) => {
    module.datagrams?.release();
    module.datagrams = null;
  },
});
