/** Variables that print something else on purpose: what Kamailio prints, what Trunkline prints, and why. */
export const ALLOWED_VECTORS: readonly { readonly theirs: string; readonly ours: string; readonly reason: string }[] =
  [];
