import { CSeqTable } from '../dialog/cseq-table.ts';
import { type Credential, credential } from '../digest/credentials.ts';
import type { ProxyCore } from '../proxy/proxy-core.ts';
import type { OwnRoute, RequestState } from '../proxy/request-state.ts';
import type { ScriptContext } from '../script/context.ts';
import { L_DBG, L_INFO, L_WARN } from '../script/log.ts';
import {
  callbackParam,
  defineModule,
  type FunctionDefinition,
  fn,
  intParam,
  listParam,
  type ModuleHost,
  strParam,
  type VariableAccess,
} from '../script/module-definition.ts';
import {
  ROUTE_BRANCH,
  ROUTE_BRANCH_FAILURE,
  ROUTE_EVENT,
  ROUTE_FAILURE,
  ROUTE_REQUEST,
  type Value,
} from '../script/values.ts';
import { authenticate } from '../uac/auth-retry.ts';
import { type CSeqSettings, raiseCSeq, restoreStatelessCSeq, shiftCSeq } from '../uac/cseq-offset.ts';
import type { IdentityHeader } from '../uac/header-shape.ts';
import { carryIdentities } from '../uac/identity.ts';
import { type LateReplySettings, restoreLateReply } from '../uac/late-reply.ts';
import { replaceIdentity } from '../uac/replace.ts';
import { restoreAll, restoreIdentity } from '../uac/restore.ts';
import { registrationStatistics } from './uac/reg-counters.ts';
import { registrationVariable } from './uac/reg-events.ts';
import { registrationFunctions } from './uac/reg-functions.ts';
import { registrationParts } from './uac/reg-parts.ts';
import { accountCredential, carryAccount, requestTo } from './uac/reg-request-to.ts';
import { registrationCommands } from './uac/reg-rpc.ts';
import { registrationParameters } from './uac/reg-settings.ts';
import { REGISTRATION_ROUTE, Registration } from './uac/registration.ts';
import { REPLY_ROUTE, requestFunctions, requestVariable } from './uac/req.ts';
import { type AuthVariables, readSettings, type UacSettings } from './uac-settings.ts';

/** State of one program's uac module. */
interface UacModule {
  readonly host: ModuleHost;
  readonly settings: UacSettings;
  readonly cseq: CSeqSettings;
  /** Null without reg_db_url, and before the start. */
  registration: Registration | null;
  readonly ownCalls: Map<string, () => void>;
  /** Ends the listening to our Routes; once another program has taken over and no request of this one is left. */
  release: () => void;
}

/** Milliseconds that a start waits for the accounts of the database. */
const ACCOUNTS_WAIT = 2000;

const AUTH = ROUTE_FAILURE | ROUTE_BRANCH_FAILURE | ROUTE_EVENT;

/** CSeq differences belong to dialogs, which outlive a configuration: one table for each proxy. */
const TABLES = new WeakMap<ProxyCore, CSeqTable>();

function tableOf(host: ModuleHost): CSeqTable {
  let table = TABLES.get(host.proxy);
  if (table === undefined) {
    table = new CSeqTable({ wheel: host.wheel, clock: host.clock });
    TABLES.set(host.proxy, table);
  }
  return table;
}

/** What failed calls are logged at; scripts call these functions to find out, so they are no errors. */
const QUIET: Readonly<Record<string, number>> = {
  UAC_AUTH_NO_REPLY: L_INFO,
  UAC_AUTH_NOT_CHALLENGED: L_INFO,
  UAC_NOTHING_TO_RESTORE: L_DBG,
  // The commonest set-up error: it must show at the default level.
  DIGEST_NO_CREDENTIAL: L_WARN,
};

function result(
  module: UacModule,
  name: string,
  done: { readonly ok: true } | { readonly ok: false; readonly code: string; readonly text: string },
): number {
  if (done.ok) return 1;
  module.host.log.write(QUIET[done.code] ?? L_WARN, 'uac', `${name}: ${done.text}`, done.code);
  return -1;
}

function textOf(value: Value): string | null {
  return value === null ? null : `${value}`;
}

function replace(
  module: UacModule,
  ctx: ScriptContext,
  header: IdentityHeader,
  uri: Value,
  display?: Value | undefined,
): number {
  const branch = ctx.routeType === ROUTE_BRANCH ? ctx.branch : null;
  const wanted = { uri: textOf(uri), ...(display === undefined ? {} : { display: textOf(display) }) };
  const done = replaceIdentity(ctx.state, branch, header, wanted, module.settings.identity);
  return result(module, `uac_replace_${header}`, done);
}

function restore(module: UacModule, ctx: ScriptContext, header: IdentityHeader): number {
  const { state } = ctx;
  if (state.ownRoute === null) return -1;
  const done = restoreIdentity(state, state.ownRoute, header, module.settings.identity, (code, text) =>
    module.host.log.write(L_WARN, 'uac', text, code),
  );
  return result(module, `uac_restore_${header}`, done);
}

/** What the three variables hold; null without them. */
function variableTexts(
  variables: AuthVariables | null,
  ctx: ScriptContext,
): { readonly user: string; readonly realm: string; readonly password: string } | null {
  if (variables === null) return null;
  const read = (variable: VariableAccess): string => textOf(variable.get(ctx)) ?? '';
  return { user: read(variables.user), realm: read(variables.realm), password: read(variables.password) };
}

/**
 * The request's own credentials: those of the account that it was sent to by uac_reg_request_to(), or of the variables, usable when there are a
 * user and a password; without a realm they fit every one.
 */
function ownCredential(variables: AuthVariables | null, ctx: ScriptContext, ha1: boolean): Credential | null {
  const texts = variableTexts(variables, ctx);
  const account = accountCredential(ctx, texts);
  if (account !== null) return account;
  if (texts === null || texts.user === '' || texts.password === '') return null;
  return credential({ user: texts.user, realm: texts.realm, secret: texts.password, ha1 });
}

function auth(module: UacModule, ctx: ScriptContext, mode: number): number {
  const { state } = ctx;
  const { variables, credentials, bindings, identity, algorithms: allow } = module.settings;
  const ha1 = (mode & 1) !== 0;
  const source = { own: ownCredential(variables, ctx, ha1), list: credentials, bindings, ha1, allow };
  const done = authenticate(state, ctx.branch, source, (challenged, next) => {
    carryAccount(challenged, next);
    carryIdentities(state, challenged, next, identity);
    if (!raiseCSeq(state, challenged, next, module.cseq))
      module.host.log.write(L_WARN, 'uac', `CSeq of ${state.message.method} is at its end`, 'UAC_CSEQ_RANGE');
  });
  return result(module, 'uac_auth', done);
}

/** A Route of ours was taken off a request: identities and numbers of its dialog change sides. */
function onOwnRoute(module: UacModule, state: RequestState, route: OwnRoute): void {
  // After a reload there is one listener for each program; a request belongs to the program that it began with.
  if (state.hooks !== module.host.program().hooks) return;
  shiftCSeq(state, route, module.cseq);
  restoreAll(state, route, module.settings.identity, (code, text) => module.host.log.write(L_WARN, 'uac', text, code));
}

const functions: readonly FunctionDefinition<UacModule>[] = [
  ...(['from', 'to'] as const).flatMap((header): FunctionDefinition<UacModule>[] => [
    fn(
      `uac_replace_${header}`,
      ['value'],
      ROUTE_REQUEST | ROUTE_BRANCH,
      (m: UacModule) => (ctx, uri) => replace(m, ctx, header, uri),
    ),
    fn(
      `uac_replace_${header}`,
      ['value', 'value'],
      ROUTE_REQUEST | ROUTE_BRANCH,
      (m: UacModule) => (ctx, display, uri) => replace(m, ctx, header, uri, display),
    ),
    fn(`uac_restore_${header}`, [], ROUTE_REQUEST, (m: UacModule) => (ctx) => restore(m, ctx, header)),
  ]),
  fn('uac_auth', ['int?'], AUTH, (m) => (ctx, mode) => auth(m, ctx, mode ?? 0)),
  fn('uac_auth_mode', ['int'], AUTH, (m) => (ctx, mode) => auth(m, ctx, mode)),
  ...requestFunctions,
  fn(
    'uac_reg_request_to',
    ['str', 'int'],
    ROUTE_REQUEST | ROUTE_FAILURE | ROUTE_BRANCH,
    (m: UacModule) => (ctx, user, mode) => requestTo(m, m.settings.variables, ctx, user, mode),
  ),
  ...registrationFunctions,
];

/** uac: identities of From and To, answers to challenges of trunks. */
export const uac = defineModule<UacModule>({
  name: 'uac',
  after: ['pv', 'tm', 'rr', 'dialog'],
  parameters: [
    strParam('rr_from_store_param', 'vsf'),
    strParam('rr_to_store_param', 'vst'),
    strParam('restore_mode', 'auto'),
    intParam('restore_dlg', 0),
    strParam('restore_passwd', ''),
    strParam('restore_from_avp', null),
    strParam('restore_to_avp', null),
    listParam('credential'),
    strParam('auth_username_avp', null),
    strParam('auth_realm_avp', null),
    strParam('auth_password_avp', null),
    strParam('default_socket', null),
    callbackParam('event_callback', [REPLY_ROUTE]),
    ...registrationParameters,
    // Ours: realm:host[:port], many: the realm's credentials are sent to these destinations and to no other.
    listParam('credential_destination'),
    // Ours: the digest algorithms that uac_auth() answers, SHA-256,MD5; empty for every one.
    strParam('auth_algorithms', null),
    // Ours: 0 leaves the CSeq number of a repeated request as it is.
    intParam('cseq_update', 1),
    // Ours: kamailio (vsf, vst: read by servers of both kinds) or sealed (URIs and display names, encrypted, authenticated, bound to the dialog).
    strParam('restore_store', 'kamailio'),
    // Ours: names of our own Record-Route parameters, for the CSeq difference and the display names of From and To.
    strParam('rr_cseq_store_param', 'csd'),
    strParam('rr_from_display_param', 'vsd'),
    strParam('rr_to_display_param', 'vtd'),
  ],
  functions,
  variables: [registrationVariable, requestVariable],
  transformations: [],
  eventRoutes: [REGISTRATION_ROUTE, REPLY_ROUTE],
  create: (host, parameters) => {
    const settings = readSettings(host, parameters);
    const module: UacModule = {
      host,
      settings,
      registration: null,
      ownCalls: new Map(),
      cseq: {
        update: settings.cseqUpdate,
        param: settings.cseqParam,
        table: tableOf(host),
        directions: () => host.proxy.options.recordRoute.appendFromTag,
      },
      release: () => {},
    };
    const late: LateReplySettings = {
      identity: settings.identity,
      cseqParam: settings.cseqParam,
      isMyself: (name, port) => host.sender.isMyself(name, port),
    };
    const listeners = [
      host.proxy.onOwnRoute((state, route) => onOwnRoute(module, state, route)),
      host.proxy.onStatelessReply((reply, edits) => {
        restoreStatelessCSeq(reply, edits);
        restoreLateReply(reply, edits, late);
      }),
    ];
    module.release = () => {
      for (const release of listeners) release();
    };
    if (settings.registration !== null) registrationStatistics(host.statistics, () => module.registration);
    return module;
  },
  start: (module, program) => {
    const { host, settings } = module;
    if (settings.registration === null) return;
    const parts = registrationParts(host, settings.registration, settings.defaultSocket);
    module.registration = new Registration(host, settings.registration, parts, program);
  },
  open: async (module) => {
    await module.registration?.ready(ACCOUNTS_WAIT);
  },
  rpc: registrationCommands,
  drain: async (module, graceMs) => {
    await module.registration?.drain(graceMs);
  },
  replaced: (module) => module.registration?.replaced(),
  stop: (module) => {
    module.registration?.stop();
    module.release();
  },
});
