export {
  CallDialog,
  type DialogLeg,
  type DialogSide,
  KEEPALIVE_CALLEE,
  KEEPALIVE_CALLER,
  otherSide,
  TIMEOUT_BYE,
  TIMEOUT_NORESET,
} from './call-dialog.ts';
export { CSeqTable, type CSeqTableOptions, MAX_CSEQ, type RequestLeg } from './cseq-table.ts';
export { type DialogChange, type DialogEvent, type DialogState, dialogStep } from './dialog-state.ts';
export { DialogTable, type DialogTableOptions, type DialogTableSettings } from './dialog-table.ts';
export { type DialogId, didText, parseDid } from './did.ts';
export { type LegRequest, type LegRequestWish, legRequest } from './leg-request.ts';
