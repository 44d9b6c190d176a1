/** `trunkline/transaction`: SIP transactions (RFC 3261 §17, RFC 6026) over any transport, clock and user. */
export { type Clock, FakeClock, fakeTime, HashedTimerWheel, realClock, type TimerWheel } from '../time/index.ts';
export { type ClientHost, ClientTransaction } from './client-transaction.ts';
export type { ClientEffects, ClientMachine, ServerEffects, ServerMachine } from './effects.ts';
export { TRANSACTION_ERRORS, TransactionError, type TransactionErrorCode } from './errors.ts';
export { INVITE_CLIENT, type InviteClientState } from './invite-client.ts';
export { INVITE_SERVER, type InviteServerState } from './invite-server.ts';
export { copyText, isUniqueBranch, rfc2543AckKey, serverKey } from './key.ts';
export { NON_INVITE_CLIENT, type NonInviteClientState } from './non-invite-client.ts';
export { NON_INVITE_SERVER, type NonInviteServerState } from './non-invite-server.ts';
export { type ServerHost, ServerTransaction } from './server-transaction.ts';
export { TransactionStats } from './stats.ts';
export * from './transaction.ts';
export { TransactionLayer, type TransactionLayerOptions } from './transaction-layer.ts';
