import { chownSync, mkdirSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { RpcError } from '../rpc/errors.ts';
import { openJsonUdp, openJsonUnixDatagram } from '../rpc/json/datagram.ts';
import type { FileOwner, JsonEndpoint, JsonService } from '../rpc/json/endpoint.ts';
import { JsonFifo } from '../rpc/json/fifo.ts';
import { PARSE_ERROR } from '../rpc/json/request.ts';
import { JsonRpcServer } from '../rpc/json/server.ts';
import { collect } from '../rpc/json/slices.ts';
import { JsonTcp } from '../rpc/json/tcp.ts';
import { accountId } from '../rpc/system-account.ts';
import type { ScriptContext } from '../script/context.ts';
import { L_ERR, L_INFO, L_WARN } from '../script/log.ts';
import {
  defineModule,
  fn,
  intParam,
  ModuleError,
  type ModuleHost,
  type ModuleParameters,
  strParam,
} from '../script/module-definition.ts';
import { ROUTE_ANY, type Value } from '../script/values.ts';
import { failure } from './support/failure.ts';
import { httpOf } from './support/http-exchange.ts';

const FIFO = 2;
const DATAGRAM = 4;
const TCP = 8;

/** Characters that $jsonrpl(body) holds at most. */
const MAX_SCRIPT_REPLY = 4 << 20;

/** A result of jsonrpc_exec(). */
interface ExecResult {
  readonly code: number;
  readonly text: string;
  readonly body: string;
}

/** An endpoint that may outlive the program that opened it. */
interface Held {
  readonly opening: Promise<JsonEndpoint>;
  endpoint: JsonEndpoint | null;
}

/** A FIFO or socket to open. */
interface Wanted {
  /** Names it for the log. */
  readonly name: string;
  /** Parameter that says where it is. */
  readonly parameter: string;
  /** False for a default place, which may be missing. */
  readonly configured: boolean;
  readonly open: (service: JsonService) => Promise<JsonEndpoint>;
}

/** State of one program's jsonrpcs module. */
interface JsonRpcsModule {
  readonly host: ModuleHost;
  readonly service: JsonService;
  readonly wanted: readonly Wanted[];
  readonly releases: (() => void)[];
}

const RESULT = Symbol('jsonrpl');

function makeService(host: ModuleHost, pretty: boolean): JsonService {
  const rpc = new JsonRpcServer(host.rpc, {
    pretty,
    failed: (method, error) => {
      const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
      host.log.write(L_ERR, 'jsonrpcs', `command ${method}: ${why}`, 'RPC_COMMAND_FAILED');
    },
  });
  return { rpc, report: (code, text) => host.log.write(L_WARN, 'jsonrpcs', text, code) };
}

/** Account of a parameter. @throws ModuleError */
function account(parameters: ModuleParameters, kind: 'user' | 'group', name: string): number | null {
  const text = parameters.str(name);
  if (text === '') return null;
  const id = accountId(kind, text);
  if (id === null) throw new ModuleError('JSONRPC_ACCOUNT', `there is no ${kind} "${text}"`, name);
  return id;
}

/** Permissions of a parameter. @throws ModuleError */
function modeOf(parameters: ModuleParameters, name: string): number {
  const mode = parameters.int(name);
  if (mode < 0 || mode > 0o777) {
    throw new ModuleError('JSONRPC_MODE', `${mode} is no file mode; write it like 0660`, name);
  }
  return mode;
}

/** Whose a file is: the parameters', else whose the server will be. */
function ownerOf(host: ModuleHost, parameters: ModuleParameters, prefix: string): FileOwner {
  const { owner } = host.runtime;
  return {
    uid: account(parameters, 'user', `${prefix}_user`) ?? owner?.uid ?? null,
    gid: account(parameters, 'group', `${prefix}_group`) ?? owner?.gid ?? null,
  };
}

/** `udp:host:port` or `tcp:host:port`; null for another form. */
function hostAndPort(text: string, proto: 'udp' | 'tcp'): { readonly host: string; readonly port: number } | null {
  const [, scheme, bracketed, plain, digits] =
    /^(\w+):(?:\[([\da-fA-F:.]+)\]|([^\s:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (scheme !== proto || !(port > 0 && port < 65_536)) return null;
  const host = bracketed ?? plain ?? '';
  return { host: host === '*' ? '0.0.0.0' : host, port };
}

function badAddress(parameter: string, text: string, form: string): ModuleError {
  return new ModuleError('JSONRPC_ADDRESS', `"${text}" is not ${form}`, parameter);
}

/** What the parameters want to be opened. @throws ModuleError */
function wantedOf(host: ModuleHost, parameters: ModuleParameters): Wanted[] {
  const transport = parameters.int('transport');
  const wants = (bit: number): boolean => transport === 0 || (transport & bit) !== 0;
  const absolute = (path: string): string => (isAbsolute(path) ? path : join(host.runtime.directory, path));
  const found: Wanted[] = [];
  const fifo = parameters.str('fifo_name');
  if (wants(FIFO) && fifo !== '') {
    const path = absolute(fifo);
    const mode = modeOf(parameters, 'fifo_mode');
    const owner = ownerOf(host, parameters, 'fifo');
    const replyDirectory = parameters.str('fifo_reply_dir');
    found.push({
      name: `fifo:${path}`,
      parameter: 'fifo_name',
      configured: parameters.isSet('fifo_name'),
      open: (service) => JsonFifo.open({ path, mode, owner, replyDirectory }, service),
    });
  }
  const datagram = parameters.str('dgram_socket');
  if (wants(DATAGRAM) && datagram !== '') found.push(datagramOf(host, parameters, datagram, absolute));
  const tcp = parameters.str('tcp_socket');
  if (wants(TCP) && tcp !== '') {
    const at = hostAndPort(tcp, 'tcp');
    if (at === null) throw badAddress('tcp_socket', tcp, 'tcp:host:port');
    found.push({
      name: tcp,
      parameter: 'tcp_socket',
      configured: true,
      open: (service) => JsonTcp.open(at.host, at.port, service),
    });
  } else if ((transport & TCP) !== 0) {
    throw new ModuleError('JSONRPC_ADDRESS', 'transport has the bit of tcp (8), tcp_socket is missing', 'transport');
  }
  return found;
}

function datagramOf(
  host: ModuleHost,
  parameters: ModuleParameters,
  text: string,
  absolute: (path: string) => string,
): Wanted {
  const parameter = 'dgram_socket';
  const configured = parameters.isSet(parameter);
  if (text.startsWith('udp:')) {
    const at = hostAndPort(text, 'udp');
    if (at === null) throw badAddress(parameter, text, 'udp:host:port');
    return { name: text, parameter, configured, open: (service) => openJsonUdp(at.host, at.port, service) };
  }
  const path = absolute(text);
  const place = {
    path,
    mode: modeOf(parameters, 'dgram_mode'),
    owner: ownerOf(host, parameters, 'dgram'),
    server: host.runtime.owner,
    patience: parameters.int('dgram_timeout'),
  };
  return { name: `unixd:${path}`, parameter, configured, open: (service) => openJsonUnixDatagram(place, service) };
}

/** Opens one, or goes on with what the configuration before this one opened. */
async function openOne(m: JsonRpcsModule, wanted: Wanted): Promise<void> {
  const { value: held, release } = m.host.keep.take<Held>(
    `jsonrpcs ${wanted.name}`,
    () => {
      const made: Held = { opening: wanted.open(m.service), endpoint: null };
      made.opening.catch(() => {}); // whoever waits for it is told
      return made;
    },
    ({ endpoint }) => void endpoint?.close(),
  );
  try {
    held.endpoint = await held.opening;
  } catch (error) {
    release();
    throw error;
  }
  held.endpoint.service = m.service;
  m.releases.push(release);
  m.host.log.write(L_INFO, 'jsonrpcs', `listening on ${wanted.name}`);
}

async function openAll(m: JsonRpcsModule): Promise<void> {
  const { directory, owner } = m.host.runtime;
  const failures: ModuleError[] = [];
  for (const wanted of m.wanted) {
    try {
      if (!wanted.configured && statSync(directory, { throwIfNoEntry: false }) === undefined) {
        mkdirSync(directory, { mode: 0o770 });
        if (owner !== null) chownSync(directory, owner.uid ?? -1, owner.gid ?? -1);
      }
      await openOne(m, wanted);
    } catch (error) {
      const text = `${wanted.name}: ${error instanceof Error ? error.message.trim() : String(error)}`;
      const noPerl = error instanceof RpcError && error.code === 'RPC_DATAGRAM_PERL';
      if (wanted.configured && !noPerl) failures.push(new ModuleError('JSONRPC_OPEN', text, wanted.parameter));
      else m.host.log.write(L_WARN, 'jsonrpcs', text, noPerl ? 'RPC_DATAGRAM_PERL' : 'JSONRPC_DEFAULT_PLACE');
    }
  }
  if (failures[0] !== undefined) throw failures[0];
}

/** Scripts have bytes as latin1 characters, JSON is UTF-8. */
function decoded(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** jsonrpc_exec(): the reply goes to $jsonrpl. */
async function execute({ service }: JsonRpcsModule, ctx: ScriptContext, request: string): Promise<number> {
  const { code, text, pieces, id } = await service.rpc.answer(decoded(request));
  const reply = pieces === null ? '' : await collect(pieces, MAX_SCRIPT_REPLY);
  const bytes = (value: string): string => Buffer.from(value).toString('latin1');
  let result: ExecResult = { code, text: bytes(text), body: bytes(reply ?? '') };
  if (reply === null) {
    const reason = 'Reply too large';
    result = { code: 500, text: reason, body: bytes(service.rpc.refuse(500, reason, id)) };
  }
  // The original leaves what an earlier call of its process left, whoever's it was.
  ctx.setCached(RESULT, result);
  return code === PARSE_ERROR ? -1 : 1;
}

/** jsonrpc_dispatch(): carries out an HTTP request's body, and answers. */
async function dispatch({ host, service }: JsonRpcsModule, ctx: ScriptContext): Promise<number> {
  const exchange = httpOf(ctx);
  if (exchange === null) {
    const text = 'jsonrpc_dispatch: the message is no HTTP request';
    return failure(host.log, 'jsonrpcs', text, 'JSONRPC_NO_HTTP');
  }
  const { code, text, pieces } = await service.rpc.answer(decoded(ctx.message.body));
  // Kamailio's codes are HTTP's; JSON-RPC's own are negative.
  const status = code >= 300 && code < 700 ? code : code < 0 ? 400 : code === 200 ? 200 : 500;
  const contentType = 'application/json';
  try {
    const reply =
      pieces === null
        ? { code: 204, reason: 'No Content', contentType: '' }
        : { code: status, reason: text, contentType };
    await exchange.stream(reply, pieces ?? [], ctx.state.replyHeaders);
  } catch (error) {
    service.report(
      'JSONRPC_REPLY_FAILED',
      `http client ${ctx.from.ip}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  return code === PARSE_ERROR ? -1 : 1;
}

const READ: Readonly<Record<string, (result: ExecResult) => Value>> = {
  code: ({ code }) => code,
  text: ({ text }) => text,
  body: ({ body }) => body,
};

/** jsonrpcs: JSON-RPC 2.0 by HTTP (with xhttp), FIFO, datagram and TCP. */
export const jsonrpcs = defineModule<JsonRpcsModule>({
  name: 'jsonrpcs',
  after: ['xhttp'],
  parameters: [
    intParam('pretty_format', 1),
    intParam('transport', FIFO | DATAGRAM, 'yes: jsonrpc_dispatch() needs no bit'),
    strParam('fifo_name', 'kamailio_rpc.fifo', 'yes: the default place may be missing, then the FIFO is'),
    intParam('fifo_mode', 0o660),
    strParam('fifo_user', null),
    strParam('fifo_group', null),
    strParam('fifo_reply_dir', '/tmp/'),
    strParam('dgram_socket', 'kamailio_rpc.sock', 'yes: a Unix socket needs perl; the default place may be missing'),
    intParam('dgram_workers', 1, 'ignored: one process does the work'),
    intParam('dgram_mode', 0o660),
    strParam('dgram_user', null),
    strParam('dgram_group', null),
    intParam('dgram_timeout', 2000),
    strParam('tcp_socket', null),
  ],
  functions: [
    fn('jsonrpc_dispatch', [], ROUTE_ANY, (m) => (ctx) => dispatch(m, ctx), {
      async: true,
      support: 'yes: bad JSON is answered with an error, batches are carried out',
    }),
    fn('jsonrpc_exec', ['str'], ROUTE_ANY, (m) => (ctx, request) => execute(m, ctx, request), { async: true }),
  ],
  variables: [
    {
      name: 'jsonrpl',
      writable: false,
      inner: 'required',
      support: 'yes: of the last jsonrpc_exec() in the same run of a route',
      bind: () => (inner, _index, text) => {
        const read = inner?.constant == null ? undefined : READ[inner.constant];
        if (read === undefined) return `$jsonrpl takes one of ${Object.keys(READ).join(', ')}`;
        const get = (ctx: ScriptContext): Value => {
          const result = ctx.cached<ExecResult>(RESULT);
          return result === undefined ? null : read(result);
        };
        return { text, get, int: null, set: null };
      },
    },
  ],
  transformations: [],
  eventRoutes: [],
  create: (host, parameters) => ({
    host,
    service: makeService(host, parameters.int('pretty_format') !== 0),
    wanted: wantedOf(host, parameters),
    releases: [],
  }),
  open: (m) => openAll(m),
  stop: (m) => {
    for (const release of m.releases.splice(0)) release();
  },
});
