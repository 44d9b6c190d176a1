export { accountProblem } from './account.ts';
export type { AccountRow } from './account-row.ts';
export { createRegistrationEngine, type WatchedRegistrationEngine } from './create-engine.ts';
export type * from './engine.ts';
export { RegistrationError } from './errors.ts';
export { type OpenRegistrations, type OpenRegistrationsOptions, openRegistrations } from './open-registrations.ts';
export { DEFAULT_RETRY, type RetryPolicy } from './policy.ts';
export type { RegistrationOptions, RegistrationSettings } from './settings.ts';
export { type Effect, type MachineEvent, type MachineState, type Step, transition } from './states.ts';
