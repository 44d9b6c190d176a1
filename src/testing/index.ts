/** `trunkline/testing`: routes on a network in memory and a clock that stands still. */
export { type BenchOptions, type LoggedLine, RoutesBench, testRoutes } from './bench.ts';
export { TestMessage } from './message.ts';
export { type Expected, ReceivedRequest, type ReplyParts, type RequestParts, TestCall, TestPeer } from './peer.ts';
