/**
 * The global parameters of kamailio.cfg: names, aliases, and the kind of value each takes. What they do is decided where
 * they are used; a parameter that this server has no use for is accepted and ignored there.
 */

/**
 * - `int`: number, or yes/no/on/off
 * - `signed`: also a negative number
 * - `text`: string or bare word
 * - `host`: address or host name, bare or quoted
 * - `proto`: udp, tcp, tls, sctp, ws
 * - `addresses`: list of sockets (`listen`) or of names (`alias`)
 * - `any`: number, string or bare word
 */
export type GlobalParameterKind = 'int' | 'signed' | 'text' | 'host' | 'proto' | 'addresses' | 'any';

export interface GlobalParameter {
  readonly name: string;
  readonly kind: GlobalParameterKind;
  /** Spelling of OpenSIPS or of old SER; Kamailio 5.6 does not know it. */
  readonly foreign: boolean;
}

/** Names that Kamailio 5.6 or 6.x knows. */
const names: Readonly<Record<GlobalParameterKind, string>> = {
  addresses: 'listen alias',
  signed: `debug memlog memdbg latency_log latency_cfg_log corelog received_route_mode tcp_connection_lifetime
    tcp_connect_timeout tcp_send_timeout tcp_script_mode tcp_wait_data udp4_raw dns_udp_pref dns_tcp_pref dns_tls_pref
    dns_sctp_pref mem_join mem_summary mem_safety mem_status_mode sip_parser_log sip_parser_mode ip_free_bind`,
  proto: 'udp_mtu_try_proto',
  host: 'advertised_address mcast tcp_source_ipv4 tcp_source_ipv6',
  text: `log_facility log_name log_prefix log_engine_type log_engine_data user group chroot workdir rundir server_header
    user_agent_header description version_table stats_name_separator async_workers_group tcp_poll_method tls_method
    tls_certificate tls_private_key tls_ca_list uri_host_extra_chars hdr_name_extra_chars xavp_via_params
    xavp_via_fields xavp_via_reply_params kemi.onsend_route_callback kemi.received_route_callback
    kemi.reply_route_callback kemi.pre_routing_callback`,
  any: 'coreparam tos',
  int: `log_stderror log_color log_prefix_mode children socket_workers tcp_children async_workers async_usleep
    async_nonblock fork fork_delay modinit_delay auto_aliases auto_bind_ipv6 bind_ipv6_link_local advertised_port port
    server_signature sip_warning check_via reply_to_via mhomed phone2tel force_rport local_rport max_while_loops
    max_recursive_level max_branches return_mode onsend_route_reply disable_tcp enable_tls disable_tls enable_sctp
    disable_sctp tcp_max_connections tls_max_connections tcp_accept_no_cl tcp_rd_buf_size tcp_async tcp_conn_wq_max
    tcp_wq_max tcp_wq_blk_size tcp_fd_cache tcp_defer_accept tcp_delayed_ack tcp_syncnt tcp_linger2 tcp_keepalive
    tcp_keepidle tcp_keepintvl tcp_keepcnt tcp_crlf_ping tcp_accept_aliases tcp_reuse_port tcp_no_connect
    tcp_clone_rcvbuf tcp_listen_backlog tcp_accept_iplimit tcp_msg_read_timeout tcp_msg_data_timeout tcp_accept_hep3
    tcp_accept_haproxy tcp_accept_unique tcp_close_rst tcp_connection_match tcp_check_timer tcp_main_threads
    tcp_accept_protocols tcp_buf_write tls_port_no tls_verify tls_require_certificate tls_handshake_timeout
    tls_send_timeout tls_log tls_threads_mode udp_mtu udp4_raw_mtu udp4_raw_ttl udp_receiver_mode pmtu_discovery
    mcast_loopback mcast_ttl maxbuffer maxsndbuffer sctp_children sctp_socket_rcvbuf sctp_socket_sndbuf sctp_autoclose
    sctp_send_ttl sctp_send_retries sctp_assoc_tracking sctp_assoc_reuse sctp_max_assocs sctp_srto_initial
    sctp_srto_max sctp_srto_min sctp_asocmaxrxt sctp_init_max_attempts sctp_init_max_timeo sctp_hbinterval
    sctp_pathmaxrxt sctp_sack_delay sctp_sack_freq sctp_max_burst dns rev_dns dns_try_ipv6 dns_try_naptr dns_srv_lb
    dns_retr_time dns_slow_query_ms dns_retr_no dns_servers_no dns_use_search_list dns_search_full_match
    dns_naptr_ignore_rfc use_dns_cache use_dns_failover dns_cache_flags dns_cache_init dns_cache_negative_ttl
    dns_cache_min_ttl dns_cache_max_ttl dns_cache_mem dns_cache_gc_interval dns_cache_del_nonexp dns_cache_rec_pref
    mem_add_size shm_mem_size shm_force_alloc mlock_pages real_time rt_prio rt_policy rt_timer1_prio rt_timer1_policy
    rt_timer2_prio rt_timer2_policy rt_ftimer_prio rt_ftimer_policy rt_stimer_prio rt_stimer_policy open_files_limit
    disable_core_dump latency_limit_db latency_limit_action pv_buffer_size pv_buffer_slots pv_cache_limit
    pv_cache_action sql_buffer_size wait_worker1_mode wait_worker1_time wait_worker1_usleep route_locks_size
    exit_timeout verbose_startup msg_apply_changes_mode msg_clone_extra_size msg_recv_max_size ipv6_hex_style
    use_dst_blocklist dst_blocklist_expire dst_blocklist_mem dst_blocklist_init dst_blocklist_gc_interval
    dst_blocklist_udp_imask dst_blocklist_tcp_imask dst_blocklist_tls_imask dst_blocklist_sctp_imask server_id
    http_reply_parse rpc_exec_delta`,
};

/** Other spellings that Kamailio takes or took, and what they stand for. */
const aliases: Readonly<Record<string, string>> = {
  domain: 'alias',
  auto_domains: 'auto_aliases',
  add_rport: 'force_rport',
  tls_enable: 'enable_tls',
  tls_disable: 'disable_tls',
  dns_srv_loadbalancing: 'dns_srv_lb',
  wdir: 'workdir',
  run_dir: 'rundir',
  uid: 'user',
  gid: 'group',
  mem_dbg: 'memdbg',
  sctp_socket_receive_buffer: 'sctp_socket_rcvbuf',
  sctp_socket_send_buffer: 'sctp_socket_sndbuf',
  dst_blocklist_ttl: 'dst_blocklist_expire',
  use_dst_blacklist: 'use_dst_blocklist',
  dst_blacklist_expire: 'dst_blocklist_expire',
  dst_blacklist_ttl: 'dst_blocklist_expire',
  dst_blacklist_mem: 'dst_blocklist_mem',
  dst_blacklist_init: 'dst_blocklist_init',
  dst_blacklist_gc_interval: 'dst_blocklist_gc_interval',
};

/** Names of OpenSIPS, and of SER and OpenSER releases, that Kamailio does not have (any more). */
const foreignNames: Readonly<Partial<Record<GlobalParameterKind, string>>> = {
  signed: 'log_level xlog_level',
  int: `stderror_enabled log_stdout syslog_enabled udp_workers tcp_workers timer_workers tcp_max_msg_time
    tcp_socket_backlog tcp_parallel_read_on_workers abort_on_assert enable_asserts disable_503_translation
    disable_stateless_fwd disable_dns_failover disable_dns_blacklist db_max_async_connections xlog_force_color
    log_json_buf_size restart_persistency_size xlog_buf_size shm_memlog_size pkg_mem_size`,
  text: `syslog_facility syslog_name stderror_level_prefix db_version_table db_default_url fifo fifo_db_url fifo_mode
    fifo_user fifo_group fifo_dir unixsock_user unixsock_group unixsock_mode auto_scaling_profile statistics`,
};

/** What Kamailio has in the place of some of them. */
const counterparts: ReadonlyMap<string, string> = new Map([
  ['log_level', 'debug'],
  ['stderror_enabled', 'log_stderror'],
  ['syslog_facility', 'log_facility'],
  ['syslog_name', 'log_name'],
]);

const table = new Map<string, GlobalParameter>();
for (const [kind, list] of Object.entries(names) as [GlobalParameterKind, string][]) {
  for (const name of list.split(/\s+/)) table.set(name, { name, kind, foreign: false });
}
for (const [kind, list] of Object.entries(foreignNames) as [GlobalParameterKind, string][]) {
  for (const name of list.split(/\s+/)) if (!table.has(name)) table.set(name, { name, kind, foreign: true });
}
for (const [alias, name] of Object.entries(aliases)) {
  const parameter = table.get(name);
  if (parameter !== undefined) table.set(alias, parameter);
}

/** The parameter of that name or alias; its `name` is the canonical one. */
export function globalParameter(name: string): GlobalParameter | undefined {
  return table.get(name);
}

/** The parameter of Kamailio that does what a foreign one does; undefined where there is none. */
export function counterpartOf(name: string): string | undefined {
  return counterparts.get(name);
}

/** All names and aliases, for suggestions. */
export function globalParameterNames(): Iterable<string> {
  return table.keys();
}
