/** What becomes of each global parameter. Every name of the table of parameters must be here; the tests see to that. */

export interface GlobalRow {
  readonly name: string;
  readonly support: string;
  /** Field it becomes in the settings, where its name tells whether anything reads it; the tests look. */
  readonly field?: string;
}

function row(name: string, support = 'yes', field?: string): GlobalRow {
  return field === undefined ? { name, support } : { name, support, field };
}

const NOT_YET = 'no: accepted, not acted on yet';
const COMMAND_LINE = 'ignored: the command line says where the log goes';

/** Parameters that act here, or that a reader would expect to. */
export const globalRows: readonly GlobalRow[] = [
  row('listen'),
  row('alias'),
  row('port'),
  row('tls_port_no'),
  row('advertised_address'),
  row('advertised_port'),
  row('disable_tcp'),
  row('enable_tls', 'yes: certificates come from the tls module'),
  row('disable_tls'),
  row('debug'),
  row('server_header'),
  row('user_agent_header'),
  row('server_signature'),
  row('force_rport'),
  row('local_rport'),
  row('max_while_loops'),
  row('max_recursive_level'),
  row('max_branches'),
  row('server_id'),
  row('udp_mtu'),
  row('udp_mtu_try_proto', 'partly: TCP, TLS or UDP; TCP where udp_mtu alone is set'),
  row('dns_try_naptr'),
  row('dns_try_ipv6'),
  row('dns_srv_lb'),
  row('tcp_connection_lifetime'),
  row('tcp_max_connections'),
  row('tcp_accept_iplimit'),
  row('tcp_connect_timeout'),
  row('tcp_send_timeout'),
  row('tcp_msg_read_timeout'),
  row('tcp_conn_wq_max'),
  row('tcp_wq_max'),
  row('tcp_keepalive'),
  row('tcp_crlf_ping'),
  row('tcp_no_connect'),
  row('tcp_accept_aliases'),
  row('tls_handshake_timeout'),
  row('auto_aliases', 'yes: off unless it is set or -a yes is given'),
  row('sip_warning'),
  row(
    'check_via',
    'partly: 1 drops every reply whose top Via is not ours; by default one with the branch of a live transaction is taken all the same',
  ),
  row(
    'reply_to_via',
    'ignored: replies go where RFC 3261 §18.2.2 and RFC 3581 say; a Via address that the request did not come from may be anybody’s',
    'replyToVia',
  ),
  row(
    'mhomed',
    'partly: the socket of the address that the routing table gives (elsewhere than on Linux: the networks of the interfaces); policy routing is not looked at',
  ),
  row(
    'phone2tel',
    'ignored: a sip URI with user=phone stays a sip URI here (value 0); only $ru with the scheme tel is a tel URI',
    'phone2tel',
  ),
  row('onsend_route_reply', NOT_YET, 'onsendRouteReply'),
  row('received_route_mode'),
  row(
    'return_mode',
    'yes: 1 gives expressions the code of a function or route as it is, and all but 0 are true; 0 still ends the script',
  ),
  row('xavp_via_params'),
  row('xavp_via_fields', 'yes: the name is its own; in Kamailio 5.6 it overwrites xavp_via_params'),
  row('xavp_via_reply_params'),
  row('log_prefix'),
  row('log_prefix_mode'),
  row('log_stderror', COMMAND_LINE),
  row('log_color', COMMAND_LINE),
  row('log_facility', COMMAND_LINE),
  row('log_name', COMMAND_LINE),
  row('tcp_accept_no_cl', NOT_YET, 'tcpAcceptNoContentLength'),
  row('use_dns_cache', 'ignored: DNS answers are always cached'),
  row('use_dns_failover', 'ignored: always on'),
  row('dns_udp_pref', NOT_YET),
  row('dns_tcp_pref', NOT_YET),
  row('dns_tls_pref', NOT_YET),
  row('dns_retr_time', NOT_YET, 'retryTime'),
  row('dns_retr_no', NOT_YET),
  row('children', 'ignored: one process does the work'),
  row('user', 'no: use --user (-u)'),
  row('group', 'no: use --group (-g)'),
  row('chroot', 'no: accepted and ignored; use the sandbox of the service manager'),
  row('workdir', 'no: use -w'),
  row('rundir', 'ignored: nothing is written there'),
];

/** Families of names that are accepted without effect; the first that matches counts. */
export const ignoredGlobals: readonly { readonly why: string; readonly names: RegExp }[] = [
  { why: 'SCTP is not a transport of this server', names: /^(sctp_|enable_sctp|disable_sctp|dns_sctp)/ },
  {
    why: 'one process does the work',
    names:
      /^(.*_workers|.*_children|async_.*|fork.*|modinit_delay|wait_worker1_.*|real_time|rt_.*|route_locks_size|exit_timeout)$/,
  },
  {
    why: 'memory is managed by the runtime',
    names:
      /^(mem.*|shm_.*|pkg_.*|mlock_pages|pv_.*|sql_buffer_size|msg_clone_extra_size|coreparam|disable_core_dump|open_files_limit|corelog)$/,
  },
  { why: 'TLS is set by the tls module', names: /^tls_/ },
  {
    why: 'the defaults of the operating system and of the transports are used',
    names:
      /^(tcp_.*|udp.*|mcast.*|tos|pmtu_discovery|maxbuffer|maxsndbuffer|ip_free_bind|auto_bind_ipv6|bind_ipv6_link_local|ipv6_hex_style|msg_recv_max_size)$/,
  },
  { why: 'the resolver has its own ways', names: /^(dns.*|rev_dns)$/ },
  { why: 'a destination that failed is avoided for a while anyway', names: /^(use_)?dst_bl(oc|ac)klist/ },
  {
    why: 'the log has no engines, and xlog no buffer',
    names: /^(log_.*|latency_.*|xlog_.*|sip_parser_log|verbose_startup)$/,
  },
  {
    why: 'nothing here has a use for it',
    names:
      /^(description|version_table|stats_name_separator|sip_parser_mode|uri_host_extra_chars|hdr_name_extra_chars|kemi\..*|msg_apply_changes_mode|http_reply_parse|rpc_exec_delta)$/,
  },
];

/** Names of OpenSIPS and of old SER that stand for something here. */
export const foreignGlobals: readonly (readonly [string, string])[] = [
  ['log_level', 'debug'],
  ['stderror_enabled', 'log_stderror'],
  ['syslog_facility', 'log_facility'],
  ['syslog_name', 'log_name'],
  ['udp_workers', 'children'],
];
