import { addressVariables } from './addresses.ts';
import { branchVariables } from './branches.ts';
import { credentialVariables } from './credentials.ts';
import type { CoreVariable } from './define.ts';
import { destinationVariables } from './destination.ts';
import { flagVariables } from './flags.ts';
import { headerVariables } from './headers.ts';
import { identityHeaderVariables } from './identities.ts';
import { identityVariables } from './identity.ts';
import { messageVariables } from './message.ts';
import { routeParams } from './route-params.ts';
import { ruriVariables } from './ruri.ts';
import { serverVariables } from './server.ts';
import { avp } from './stores/avp.ts';
import { dialogVariables } from './stores/dialog-variables.ts';
import { scriptVariables } from './stores/script-variables.ts';
import { sharedVariableDefinitions } from './stores/shared.ts';
import { xavpVariables } from './stores/xavp.ts';
import { timeVariables } from './time.ts';
import { viaVariables } from './vias.ts';

export type { CoreVariable } from './define.ts';

/** Every variable that needs no loadmodule: those of Kamailio's core and of its pv module, which every configuration loads. */
export const coreVariables: readonly CoreVariable[] = [
  ...scriptVariables,
  routeParams,
  ...sharedVariableDefinitions,
  avp,
  ...xavpVariables,
  ...dialogVariables,
  ...ruriVariables,
  ...destinationVariables,
  ...identityVariables,
  ...messageVariables,
  ...headerVariables,
  ...identityHeaderVariables,
  ...credentialVariables,
  ...addressVariables,
  ...viaVariables,
  ...branchVariables,
  ...flagVariables,
  ...timeVariables,
  ...serverVariables,
];
