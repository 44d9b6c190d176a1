/** `trunkline/uac`: the client side of SIP trunks: identities, answers to challenges, CSeq numbers in step. */
export { authenticate, type RepeatBranch } from './auth-retry.ts';
export {
  type Address,
  type CredentialSource,
  credentialFor,
  type DestinationBinding,
  maySend,
  parseDestinationBinding,
} from './credential-source.ts';
export { type CSeqSettings, RESTORE_CSEQ, raiseCSeq, restoreStatelessCSeq, shiftCSeq } from './cseq-offset.ts';
export { UAC_ERRORS, type UacErrorCode, type UacResult } from './errors.ts';
export { displayName, type IdentityChange, type IdentityHeader, identityUri } from './header-shape.ts';
export {
  carryIdentities,
  type IdentityNames,
  type IdentitySettings,
  type RestoreMode,
  type RestoreStore,
} from './identity.ts';
export { type DialogTexts, type IdentityDialogs, storedInDialog, storeInDialog } from './identity-dialog.ts';
export { IdentityVault, identityContext, type StoredIdentity } from './identity-vault.ts';
export { type LateReplySettings, restoreLateReply } from './late-reply.ts';
export * from './registration/index.ts';
export { replaceIdentity, type WantedIdentity } from './replace.ts';
export { type RestoreReport, restoreAll, restoreIdentity } from './restore.ts';
export { decodePair, encodePair } from './rr-store.ts';
