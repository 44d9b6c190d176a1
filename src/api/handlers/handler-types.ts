/** What a routes file exports, by the name of the export. A handler may return a promise; what it returns otherwise does not matter. */
import type { BranchRequest } from './branch-request.ts';
import type { EventContext } from './event-context.ts';
import type { Failure } from './failure.ts';
import type { Reply } from './reply.ts';
import type { Request } from './request.ts';
import type { SentRequest } from './sent-request.ts';

/** `export const request`: every request that begins something new. */
export type RequestHandler = (request: Request) => unknown;
/** `export const reply`: every reply, before anything else sees it; and onReply: replies of one request. */
export type ReplyHandler = (reply: Reply) => unknown;
/** onFailure: the request was answered with 300 or more, or not at all. */
export type FailureHandler = (failure: Failure) => unknown;
/** onBranch: the request is about to be sent to one destination. */
export type BranchHandler = (branch: BranchRequest) => unknown;
/** `export const onsend`: a request is about to leave; it cannot wait. */
export type OnsendHandler = (request: SentRequest) => void;
/** `export const event`: an event, by the name that event_route has for it. */
export type EventHandler = (event: EventContext) => unknown;

/** `export const failure = { TRUNK(failure) { … } }` and its like: handlers by the names that arm them. */
export type FailureHandlers = Readonly<Record<string, FailureHandler>>;
export type BranchHandlers = Readonly<Record<string, BranchHandler>>;
export type ReplyHandlers = Readonly<Record<string, ReplyHandler>>;
export type EventHandlers = Readonly<Record<string, EventHandler>>;
