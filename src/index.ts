/** `trunkline`: the server as a library: check a configuration, start a server, run a simulated carrier and phone against it. */

export * from './api/index.ts';
export type { UseResult, UseStore } from './auth/use-store.ts';
export type { NonceUse } from './digest/nonce-use.ts';
export type { Diagnostic } from './script/diagnostic.ts';
export { L_ALERT, L_BUG, L_CRIT, L_DBG, L_ERR, L_INFO, L_NOTICE, L_WARN, type Log } from './script/log.ts';
export { LogSink, type LogSinkOptions } from './server/log-sink.ts';
export { checkConfiguration, startServer } from './server/server.ts';
export { type CheckResult, type LoadOptions, type RunningServer, StartError } from './server/server-api.ts';
export { type CarrierOptions, CarrierSimulator } from './server/simulator/carrier.ts';
export { type CallPlan, type CallResult, PhoneSimulator } from './server/simulator/phone.ts';
export type { ListenSocket } from './transport/transport.ts';
