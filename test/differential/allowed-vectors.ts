/** What prints something else on purpose: what Kamailio prints, what Trunkline prints, and why. */
export interface AllowedVector {
  readonly vector: string;
  readonly theirs: string;
  /** Beginning of the line. */
  readonly ours: string;
  readonly reason: string;
}

export const ALLOWED_VECTORS: readonly AllowedVector[] = [
  {
    vector: '$(var(n){s.rafter,,})',
    theirs: '[]',
    ours: '[56]',
    reason: 's.rafter always gives the empty text in 5.6; later versions mended it',
  },
  {
    vector: '$rcv(buf)',
    theirs: '[<null>]',
    ours: '[OPTIONS sip:bob@127.0.0.1:SERVER SIP/2.0',
    reason: 'the received bytes can be read in every route, not only in event_route[core:msg-received]',
  },
];
