/** Everything that writes a message, in one place for its users. */
export { buildAck, buildCancel } from './ack-cancel.ts';
export {
  BODY_EDIT,
  buildForwardedRequest,
  buildForwardedResponse,
  type ForwardedRequest,
  type ForwardedResponse,
  MAX_FORWARDS_EDIT,
} from './forward.ts';
export { buildResponse, type ResponseOptions } from './reply.ts';
export { hasCrlf, sanitizeHeaderLines, sanitizeReason, sanitizeUri } from './sanitize.ts';
export { addReceivedRport, VIA_RECEIVED } from './via-edit.ts';
