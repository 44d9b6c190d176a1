import type { Statistics } from '../../script/statistics.ts';
import type { RegistrationResult, RegistrationStateName } from '../../uac/registration/engine.ts';
import type { Registration } from './registration.ts';

/** Every state, in the order of a registration's life. */
export const REGISTRATION_STATES: readonly RegistrationStateName[] = [
  'waiting',
  'queued',
  'registering',
  'registered',
  'refreshing',
  'retrying',
  'rejected',
  'unregistering',
  'disabled',
  'unregistered',
  'idle',
  'faulty',
];

/** Every result of an attempt. */
export const REGISTRATION_RESULTS: readonly RegistrationResult[] = [
  'ok',
  'timeout',
  'unreachable',
  'unresolvable',
  'refused',
  'credentials',
  'server-error',
  'overload',
  'interval-too-brief',
  'redirected',
  'no-binding',
  'local',
];

/**
 * Adds the statistics of group uac. Kamailio's three have their true values here: they are counted from the accounts when they are read.
 * @param registration gives null before the start
 */
export function registrationStatistics(statistics: Statistics, registration: () => Registration | null): void {
  const gauge = (name: string, read: (registration: Registration) => number): void =>
    statistics.gauge('uac', name, () => {
      const now = registration();
      return now === null ? 0 : read(now);
    });
  gauge('regtotal', ({ engine }) => engine.size);
  gauge('regactive', ({ engine }) => engine.online);
  gauge('regdisabled', ({ engine }) => engine.count('disabled'));
  gauge('reg_leaving', ({ engine }) => engine.leaving);
  for (const state of REGISTRATION_STATES) gauge(`reg_state_${state}`, ({ engine }) => engine.count(state));
  for (const result of REGISTRATION_RESULTS)
    gauge(`reg_result_${result.replaceAll('-', '_')}`, ({ engine }) => engine.results(result));
  gauge('reg_sent', ({ engine }) => engine.sent);
  gauge('reg_flows_lost', ({ engine }) => engine.flowsLost);
  gauge('reg_db_ok', ({ database }) => (database.health.state === 'ok' ? 1 : 0));
}
