/** TypeScript routes: what a routes file imports. */
export { defineConfig, type Listen, type RoutesConfig } from './config.ts';
export { ApiError, type ApiErrorCode } from './errors.ts';
export type { Ksr, ModuleSettings } from './generated/ksr-modules.ts';
export type { AnswerOptions } from './handlers/answer.ts';
export type { BranchRequest } from './handlers/branch-request.ts';
export type { EventContext } from './handlers/event-context.ts';
export type { FailedReply, Failure } from './handlers/failure.ts';
export type { HandlerContext, HandlerLog } from './handlers/handler-context.ts';
export type {
  BranchHandler,
  BranchHandlers,
  EventHandler,
  EventHandlers,
  FailureHandler,
  FailureHandlers,
  OnsendHandler,
  ReplyHandler,
  ReplyHandlers,
  RequestHandler,
} from './handlers/handler-types.ts';
export type { MessageContext, Party, Source } from './handlers/message-context.ts';
export type { MessageHeaders } from './handlers/message-headers.ts';
export type { Identity, OutgoingRequest } from './handlers/outgoing-request.ts';
export type { RelayOptions } from './handlers/relay.ts';
export type { Reply } from './handlers/reply.ts';
export type { Request } from './handlers/request.ts';
export type { SentRequest } from './handlers/sent-request.ts';
export type { FinalReply, RequestToSend } from './send.ts';
