export { CSeqTable, type CSeqTableOptions, MAX_CSEQ, type RequestLeg } from './cseq-table.ts';
