/** Counters of the transaction layer since the start; plain numbers that the layer increments and others read. */
export class TransactionStats {
  serverCreated = 0;
  clientCreated = 0;
  /** Creations refused because of maxTransactions. */
  limitReached = 0;
  /** Requests that came again and were absorbed. */
  requestsAbsorbed = 0;
  /** ACKs for our negative final responses. */
  acksAbsorbed = 0;
  /** Requests sent again by timers A and E. */
  requestsRetransmitted = 0;
  /** Responses sent again, by timer G or for a retransmitted request. */
  responsesRetransmitted = 0;
  /** Responses that reached a client transaction. */
  responsesMatched = 0;
  /** Responses that belong to no client transaction. */
  responsesUnmatched = 0;
  /** Client transactions without a final response in time. */
  timeouts = 0;
  /** Client transactions whose request could not be sent. */
  requestSendFailed = 0;
  /** Responses (and ACKs) that could not be sent. */
  responseSendFailed = 0;
  /** Negative final responses to an INVITE that were never ACKed (timer H). */
  ackMissing = 0;
  /** Server transactions that died of old age without a final response. */
  unanswered = 0;
  /** Exceptions of user callbacks. */
  userErrors = 0;
}
