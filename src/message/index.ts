/** `trunkline/message`: SIP messages as values. No IO, no clock, no randomness. */
export {
  type AuthChallenge,
  type AuthCredentials,
  type DigestChallenge,
  type DigestCredentials,
  parseChallenges,
  parseCredentials,
  printChallenge,
  printCredentials,
} from './auth-header.ts';
export {
  type Contact,
  type ContactSet,
  contactOf,
  deltaSeconds,
  messageContacts,
  parseContactList,
} from './contact.ts';
export { type CSeq, parseCSeq } from './cseq.ts';
export { detach } from './detach.ts';
export { applyEdits, type Edit, EditList, type EditText, type Outbound } from './edits.ts';
export { type FrameEvent, type FramerOptions, looksLikeHttp, StreamFramer } from './framer.ts';
export * from './header-name.ts';
export { isIPv4, isIPv6 } from './host.ts';
export { type HeaderField, SipMessage, type SipMessageParts } from './message.ts';
export * from './method.ts';
export { type NameAddr, parseNameAddr, parseNameAddrList } from './name-addr.ts';
export { type Param, paramValue, parseParams, printParams, quote, unquote } from './params.ts';
export { PARSE_ERRORS, type ParseErrorCode } from './parse-errors.ts';
export { DEFAULT_LIMITS, ParseFailure, type ParseLimits, parseMessage } from './parser.ts';
export * from './serializer.ts';
export {
  buildUri,
  escapeUser,
  parseUri,
  type SipUri,
  type UriParts,
  unescapeUser,
  uriEquals,
  uriParam,
  withHost,
  withHostPort,
  withParam,
  withParams,
  withPassword,
  withPort,
  withUser,
} from './uri.ts';
export { parseVia, type Via } from './via.ts';
