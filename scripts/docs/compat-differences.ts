/** Where this server does something else than Kamailio on purpose, and why. */

export interface Difference {
  readonly title: string;
  readonly text: string;
}

export interface DifferenceGroup {
  readonly title: string;
  readonly intro: string;
  readonly items: readonly Difference[];
}

export const differences: readonly DifferenceGroup[] = [
  {
    title: 'SIP',
    intro: 'The same configuration sends the same messages, but for these.',
    items: [
      {
        title: 'Retransmissions never reach the script',
        text: `The transaction layer answers a repeated request, and an ACK to a negative reply of ours, before any route runs. Side effects of a
          script (accounting, counters, replies) so happen once. \`t_check_trans()\` and \`t_precheck_trans()\` therefore never find one; scripts
          that call them work as before.`,
      },
      {
        title: 'A finished transaction stays as long as its peer repeats itself',
        text: `\`wt_timer\` (5 s) ends a finished transaction where nothing is repeated. Once a request, a 2xx or a challenge was repeated, it stays
          64*T1 from there (RFC 3261 timers D and J, RFC 6026 timers L and M): on a network that loses packets the repetition after that comes up to
          eight seconds later.`,
      },
      {
        title: 't_relay() never waits',
        text: `IP addresses and names that are cached are used at once, with Kamailio's return codes. A name that has to be looked up makes the
          branch wait while the script goes on; if it cannot be resolved, the branch fails with 478 and the failure_route sees it. Kamailio
          stops the whole worker for the look-up.`,
      },
      {
        title: 'An answered challenge cannot win',
        text: `A 401 or 407 that \`uac_auth()\` answered is no candidate for the reply any more, whatever \`failure_reply_mode\` says. Kamailio can
          send it back to the caller when the next attempt ends worse.`,
      },
      {
        title: 'Exactly one error reply',
        text: `When \`t_relay()\` fails, the transaction answers, and \`sl_reply_error()\` after it sends nothing.`,
      },
      {
        title: 'A target that fails is followed by the next address',
        text: `On a timeout, a 503 or a transport failure the next address of the same name is tried (RFC 3263 §4.3), and the failed one is
          avoided for a while. Kamailio does so with \`use_dns_failover\` and its destination blocklist.`,
      },
      {
        title: 'WebSocket needs no xhttp',
        text: `\`listen=ws:…\` and \`listen=wss:…\` are lines of ours, and with the websocket module loaded tcp and tls sockets take upgrades before any
          route runs.`,
      },
      {
        title: 'A large request goes by TCP with a Via that says so',
        text: `With \`udp_mtu\` a request that is too large goes by a stream, with the right Via and Record-Route, and by UDP after all when nobody
          takes it there (RFC 3261 §18.1.1).`,
      },
      {
        title: 'While it stops, it finishes what it began',
        text: `What would begin something new is answered 503 with Retry-After; calls being set up go on until they are done or time is up.`,
      },
      {
        title: 'Broken messages are answered as RFC 3261 wants',
        text: `400, 416 and the like wherever a reply can be addressed; Kamailio drops many of them in silence.`,
      },
      {
        title: 'auto_aliases is off',
        text: `Reverse look-ups of the own addresses at the start slow it down and make the meaning of \`myself\` depend on the DNS. Names of the
          server are given with \`alias\`.`,
      },
      {
        title: 'Status codes that are none are not sent',
        text: `\`sl_send_reply("000", …)\` and the like fail with a line in the log; Kamailio sends them as they are.`,
      },
      {
        title: 'Line ends do not get into headers',
        text: `Functions and variables that write header text refuse values with line ends or control characters, so that nothing from the network
          can add a header. Kamailio writes them as they are.`,
      },
    ],
  },
  {
    title: 'uac',
    intro: `The functions, their return codes and the parameters \`vsf\` and \`vst\` are Kamailio's byte for byte, so that calls survive a change from one
      server to the other in either direction. Known limits of the original are gone:`,
    items: [
      {
        title: 'CSeq goes up with the answer to a challenge',
        text: `RFC 3261 §22.2 wants the repeated request to have the next CSeq number; the original sends the same one unless the dialog module
          tracks the call, and some carriers refuse that. Here the number goes up without a dialog module, wherever the request forms no dialog or
          is record-routed, and stays consistent for the rest of the dialog: ACK, PRACK with its RAck, re-INVITE, BYE and CANCEL, in
          both directions, with challenges in the middle of the dialog and from either side. Replies go back with the requester's own number.
          Without \`record_route()\` the number stays, as in the original. \`modparam("uac", "cseq_update", 0)\` brings the old behaviour back.`,
      },
      {
        title: 'The difference travels in Record-Route',
        text: `The parameter \`csd\` (name: \`rr_cseq_store_param\`) carries by how much the numbers of the two sides differ, so that the server
          needs no memory for it and a restart loses nothing. Differences that arise inside a dialog are kept in memory. Directions are
          known by \`append_fromtag\` of rr, which is on by default. A request that \`forward()\` sends on without a transaction carries the
          requester's number in its Via (\`csq\`), which the reply brings back.`,
      },
      {
        title: 'Display names do not leak',
        text: `The original hides the URI for the whole dialog and the display name in the first request only: from the ACK on the real name shows. Here
          both names travel encrypted (AES-256-GCM, key from \`restore_passwd\`) in the Record-Route parameters \`vsd\` and \`vtd\` (names:
          \`rr_from_display_param\`, \`rr_to_display_param\`), and every in-dialog request and reply is put right. Without \`restore_passwd\` the
          key is random and lives as long as the process; nodes that share dialogs need the same one.`,
      },
      {
        title: 'Several challenges',
        text: `Of several challenges in one reply those that cannot be computed or have no credential are passed over, and the strongest of the rest is
          answered: SHA-512-256, SHA-256, MD5 and their -sess forms, qop auth, auth-int with the real hash of the body as it is sent, or none. A 407 of a
          proxy and then a 401 of the server behind it are both answered, with the nonce count rising.`,
      },
      {
        title: 'Challenges end',
        text: `A realm that was answered and challenges again is refused, unless it says \`stale=true\`; even that ends after two more times, and after six
          rounds in all. In the original the script has to count.`,
      },
      {
        title: 'Own credentials replace those for the same realm',
        text: `A caller's (Proxy-)Authorization for the realm that is answered is replaced; those for other realms stay. The original adds a
          second one. The script needs no \`remove_hf()\` and no \`consume_credentials()\`.`,
      },
      {
        title: 'Credentials can be tied to a destination',
        text: `\`modparam("uac", "credential_destination", "realm:host[:port]")\`, as often as needed: the credential of that realm is then
          sent to these destinations only, so that a stranger who challenges with the carrier's realm learns nothing. Off unless set.`,
      },
      {
        title: 'The retry goes where the challenge came from',
        text: `To the address that challenged, by the same next hop and socket, even where the name has several addresses.`,
      },
      {
        title: 'Replace and restore can be called as often as needed',
        text: `In request and branch routes; the last call counts, a branch's over the request's, and what is restored is always what the
          endpoint sent. The original must be called once, else the URIs run into each other. \`uac_restore_from()\` in mode auto has nothing to
          do, and does no harm.`,
      },
      {
        title: 'What is altered on the way is left alone',
        text: `When an endpoint changes From or To inside a dialog so that the stored data do not fit, the URI stays as it is, with a line in the
          log. The original writes what comes out of the decoding.`,
      },
      {
        title: 'Values are checked',
        text: `A URI that is none, and a display name or URI with line ends or unbalanced quotes, is refused (-1) and nothing is changed. User names and
          realms are escaped in credentials.`,
      },
      {
        title: 'HA1 mode is per call',
        text: `\`uac_auth(1)\` takes the password as a hash for this call; in the original it changed the meaning of later calls in the same worker.`,
      },
    ],
  },
  {
    title: 'Remote registration',
    intro: `The table \`uacreg\`, the REGISTER, the functions with their codes and the commands with their fields and faults are Kamailio's, so that a
      database, a configuration and scripts around kamcmd move over as they are. What the original is known for is gone:`,
    items: [
      {
        title: 'Each account has its own timer',
        text: `A binding is renewed at a part of what the registrar granted, spread by chance, whatever \`reg_timer_interval\` says; it does not lapse
          between two sweeps. Starts and reloads are paced by how fast each registrar answers; \`reg_rate\` (ours, 0) bounds the
          REGISTERs per second to each.`,
      },
      {
        title: 'A failure is no end',
        text: `Without \`reg_retry_interval\` a failed account is tried again with growing pauses, by the kind of failure, and a Retry-After is
          honoured. Written down, the value counts; \`0\` is the original's default: a failed account is disabled for good.`,
      },
      {
        title: 'A reload changes what has changed',
        text: `\`uac.reg_reload\` compares: accounts that are as they were stay registered and send nothing. \`reload_delta\` is kept (30 seconds,
          0 for none); \`reg_gc_interval\` is none. A new configuration with the same registration parameters goes on with what is registered.`,
      },
      {
        title: 'Bindings are removed',
        text: `\`reg_unregister\` (ours) says on which occasions a binding is removed at the registrar: some of \`disable\`, \`remove\` and
          \`stop\`, \`all\`, or \`none\` as in the original. The default is \`"disable,remove"\`: after a stop the accounts stay bound, for the restart
          that follows or the node that takes over.`,
      },
      {
        title: 'The database may fail',
        text: `At the start and at any time: accounts that are known go on, one line says what is wrong, and it is tried again with pauses up to
          \`reg_db_retry\` (ours, 60) seconds. A SQLite file that is not there is made with its tables. A start waits two seconds at most for the
          accounts. \`uac.reg_status\` and the statistic \`reg_db_ok\` show the state.`,
      },
      {
        title: 'What is going on can be seen',
        text: `Records have more fields after Kamailio's: state, last status and reason, times of the last and the next attempt, what was granted and by whom.
          \`uac.reg_status\` and \`uac.reg_list [state] [offset] [limit]\` are ours. \`event_route[uac:registration]\` runs when an account has
          settled in another state, with \`$uac_reg(uuid)\`, \`(old)\`, \`(new)\`, \`(code)\`, \`(reason)\` and more. The log has a line for each change; many of one kind become
          ten lines and a number. \`regtotal\`, \`regactive\` and \`regdisabled\` are true, and there is one statistic for each state and each result.`,
      },
      {
        title: 'Passwords are not shown',
        text: `\`auth_password\` and \`auth_ha1\` are \`***\` in every command's output; \`reg_show_secrets\` (ours) set to 1 shows them as the original does.`,
      },
      {
        title: 'The commands are always there',
        text: `Without \`reg_db_url\` they answer 500 "Not enabled" instead of being unknown.`,
      },
      {
        title: 'A call by an account has the account’s credentials',
        text: `\`uac_reg_request_to()\` binds them to the branch, so that \`uac_auth()\` answers with them with or without the \`auth_*_avp\` parameters, with
          a hash where the account has only that, and separately for each of several accounts that are tried. What the script puts into the variables afterwards wins.`,
      },
      {
        title: 'Ours, for the way to the registrar',
        text: `\`reg_instance\` and \`reg_outbound\` (the reg-id; RFC 5626), \`reg_path\` (RFC 3327), \`reg_keepalive\` (seconds; a flow that is dead is noticed), \`reg_keepalive_options\` (by OPTIONS over UDP), and \`reg_learn_contact\`
          (host and port of the Contact from what the registrar sees). Credentials go with the first REGISTER as soon as a nonce is known, the nonce count rises, and SHA-256,
          stale nonces, 401 after 407 and 423 are handled at once.`,
      },
    ],
  },
  {
    title: 'Authentication of users',
    intro:
      'Modules auth and auth_db give the same codes to the same requests, but for these; authentication.md says how to have Kamailio’s way.',
    items: [
      {
        title: 'An answer is good once',
        text: `A nonce count that was used, or an answer without a qop that was, gives -4 (-6 with \`one_time_nonce\`) and a challenge with
          \`stale=true\`, which the phone answers by itself. Kamailio lets the same header pass for \`nonce_expire\` seconds unless \`nonce_count\` or
          \`one_time_nonce\` are set. The same request once more, byte for byte from the same place, is a retransmission and passes.
          \`allow_replay\` brings Kamailio's way back.`,
      },
      {
        title: 'Nothing is used up by a wrong password',
        text: `A nonce and its count are recorded after the digest was right. Counts that arrive late pass once, counts above 255 are counts, and
          one that is no number is refused; one of seven digits is a number (Kamailio: -1 with \`nonce_count\`).`,
      },
      {
        title: 'The password is looked at before the nonce',
        text: `A wrong password is -2 whatever the nonce (Kamailio: -4 for one that is too old); with the right one a nonce that was altered, or was made
          with another secret, is -4 (Kamailio: -1), for a new one helps. Where \`ban_source_limit\` or \`ban_user_limit\` are set, datagrams whose
          nonce was not sent to their source are -4 unseen.`,
      },
      {
        title: 'Arguments that can never work are refused at the start',
        text: `Kamailio refuses an empty realm or password; here an unknown algorithm, a qop in the place of flags and an impossible name of a table
          are refused as well.`,
      },
      {
        title: 'A qop that was asked for cannot be left out',
        text: `-1, where Kamailio takes the answer and counts nothing. \`qop_optional\` allows it, once for each answer.`,
      },
      {
        title: 'The algorithm is that of the nonce',
        text: `\`algorithm=FOO\` or a -sess label over plain MD5 gives -1; Kamailio 5.6 computes MD5 whatever stands there. auth-int and the -sess algorithms work.`,
      },
      {
        title: 'A wrong response is a wrong password',
        text: `-2 whatever its length (Kamailio: -1 for another length); hex in upper case is right.`,
      },
      {
        title: 'Broken headers do not hide good ones',
        text: `A Digest header that cannot be read before the one that is meant is stepped over; a parameter that is there twice makes its header
          unreadable (-1; Kamailio takes the last). Quotes and backslashes in a user name are read.`,
      },
      {
        title: 'Variables show what was proven',
        text: `After a success \`$au\`, \`$ar\` and the like are what was verified, as it was read to be verified; in Kamailio they are the first
          header's. A header that gives a parameter twice is none (Kamailio: the last one counts). \`$aa\` is MD5 where none is named.`,
      },
      {
        title: 'Only proven credentials are consumed',
        text: `\`consume_credentials()\` gives -1 after a wrong password; all proven headers go at once, and on ACK, CANCEL and PRACK those that
          answer a challenge of ours.`,
      },
      {
        title: 'ACK and CANCEL are never challenged',
        text: `\`www_challenge()\` and \`proxy_challenge()\` give -3 for them; Kamailio answers a CANCEL with 401.`,
      },
      {
        title: 'stale=true by itself',
        text: `Where the digest was right and only the nonce was not, the next challenge says so; flag 16 still forces it.`,
      },
      {
        title: 'Authentication-Info only where there is a qop',
        text: `Kamailio sends one with empty parameters to clients that used none. Nonces in it are new ones.`,
      },
      {
        title: 'auth_algorithm() is for one request',
        text: `Kamailio changes the algorithm of everybody from then on.`,
      },
      {
        title: 'A stored hash that is none is an error',
        text: `-1 with AUTH_HA1 in the log, where Kamailio says -2.`,
      },
    ],
  },
  {
    title: 'The language',
    intro:
      'Expressions, conversions and return codes are those of Kamailio 5.6, including its surprises, but for these.',
    items: [
      {
        title: 'All problems in one run',
        text: `\`check\` and the start report everything with file, line and column and a suggestion; what Kamailio's own check misses and
          finds only at a real start or when a route is reached (unknown routes, bad regular expressions) is found here as well.`,
      },
      {
        title: 'The order of modules does not matter',
        text: `Modules start in the order of their dependencies, and functions are looked up when the whole file is read. Kamailio wants tm before
          tmx and uac, and each loadmodule before the first use.`,
      },
      {
        title: 'Leniencies',
        text: `A missing \`;\` before \`}\`, empty blocks, comments behind directives, typographic quotes, numbers in quotes where an integer is
          wanted, route names with a dash: accepted with a warning (CFG_LENIENT). Syntax of OpenSIPS and old SER that costs
          little as well (CFG_DIALECT).`,
      },
      {
        title: 'exec() is refused',
        text: `A configuration does not run shell commands.`,
      },
      {
        title: 'One process',
        text: `\`$shv\`, \`$var\` and counters are one for the whole server. \`children\` and its relatives are accepted and ignored; functions that wait
          (\`sleep\`, name look-ups, file access) do not hold up other messages.`,
      },
      {
        title: 'Tables in memory',
        text: `\`sht_setxi()\` returns (Kamailio 5.6.3 never comes back from it), \`$shtex(…) = 0\` keeps an entry for good and reads as 0
          (5.6.3 shows a number that has run over), texts of digits are accepted as seconds. An iterator belongs to the request that started it,
          and changing the table on the way locks nothing up. Regular expressions ignore case, as in Kamailio; \`%~\` is "begins
          with" and \`~%\` "ends with" there and here.`,
      },
      {
        title: 'Of several alternatives in a regular expression the first that matches counts',
        text: `\`a|ab\` finds \`a\` in "ab", where POSIX, and so Kamailio, takes the longest: \`ab\`. It matters for what a substitution replaces
          (\`subst\`, \`{re.subst}\`) and not for whether a test matches. Write the longer alternative first.`,
      },
      {
        title: '{sql.val} doubles quotes',
        text: `A quote in a text becomes two, which every database reads as one. Kamailio writes a backslash before it: with PostgreSQL and SQLite,
          where a backslash is a letter like others, what a caller sent could so end the text and go on as SQL.`,
      },
      {
        title: 'sql_query() waits alone',
        text: `A route that asks a database waits for the answer, other messages do not; results belong to the run of the route that asked.
          A database that is down at the start does not prevent it: it is logged, and every statement tries again.`,
      },
      {
        title: 'Names in conditions do not hold up the start',
        text: `\`src_ip == host.name\` is looked up at the start; until the answer is there, the condition is false.`,
      },
    ],
  },
];
