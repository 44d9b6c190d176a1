import type { ErrorExplanation } from '../transport/errors.ts';

/** Every error code of the proxy core, with its explanation. Listed in docs/errors.md. */
export const PROXY_ERRORS = {
  PROXY_FORWARD_FAILED: {
    explanation: 'A request was to be forwarded statelessly, and its destination has no address or cannot be reached.',
    action:
      'Check the next hop ($du, else the Request-URI). A sender that wants an answer needs t_relay(), which makes one.',
  },
  TM_TOO_MANY_BRANCHES: {
    explanation: 'A call has more targets than it may have branches; those beyond the limit are left out.',
    action: 'Raise max_branches, or set fewer targets.',
  },
  TM_FAULT: {
    explanation: 'A fault of the server itself while it handled a call; that call got a 500, the others go on.',
    action: 'Report it, with the whole line.',
  },
  TM_NOT_FINISHED: {
    explanation:
      'A script made a transaction (t_newtran) and ended without a reply, a relay or t_suspend(); the transaction was released, the caller gets no answer.',
    action: 'Answer with t_reply(), or relay, on every way through the route.',
  },
  TM_REPLICATE_FAILED: {
    explanation: 'The destination of t_replicate() has no address or cannot be reached; the copy was not sent.',
    action: 'Check the address. The request itself goes on.',
  },
  TM_SEND_FAILED: {
    explanation: 'The destination of t_uac_send() has no address or cannot be reached; nothing was sent.',
    action: 'Check the next hop and the Request-URI that the call gives.',
  },
} as const satisfies Readonly<Record<string, ErrorExplanation>>;

/** Code of an error of this layer. */
export type ProxyErrorCode = keyof typeof PROXY_ERRORS;
