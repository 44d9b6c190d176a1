import { DIALOG_TABLES, type DialogTableNames } from '../../storage/dialog-tables.ts';

/** Names of tables and columns as the parameters say (table_name, …_column). */
export function tableNames(parameters: Readonly<Record<string, string>>): DialogTableNames {
  const { dialog, variables } = DIALOG_TABLES;
  const named = (parameter: string, other: string): string => parameters[parameter] ?? other;
  return {
    dialog: {
      ...dialog,
      table: named('table_name', dialog.table),
      entry: named('h_entry_column', dialog.entry),
      id: named('h_id_column', dialog.id),
      callId: named('call_id_column', dialog.callId),
      fromUri: named('from_uri_column', dialog.fromUri),
      fromTag: named('from_tag_column', dialog.fromTag),
      toUri: named('to_uri_column', dialog.toUri),
      toTag: named('to_tag_column', dialog.toTag),
      callerCSeq: named('from_cseq_column', dialog.callerCSeq),
      calleeCSeq: named('to_cseq_column', dialog.calleeCSeq),
      callerRoutes: named('from_route_column', dialog.callerRoutes),
      calleeRoutes: named('to_route_column', dialog.calleeRoutes),
      callerContact: named('from_contact_column', dialog.callerContact),
      calleeContact: named('to_contact_column', dialog.calleeContact),
      callerSocket: named('from_sock_column', dialog.callerSocket),
      calleeSocket: named('to_sock_column', dialog.calleeSocket),
      state: named('state_column', dialog.state),
      startTime: named('start_time_column', dialog.startTime),
      timeout: named('timeout_column', dialog.timeout),
      scriptFlags: named('sflags_column', dialog.scriptFlags),
      timeoutRoute: named('toroute_name_column', dialog.timeoutRoute),
    },
    variables: {
      table: named('vars_table_name', variables.table),
      entry: named('vars_h_entry_column', variables.entry),
      id: named('vars_h_id_column', variables.id),
      key: named('vars_key_column', variables.key),
      value: named('vars_value_column', variables.value),
    },
  };
}
