import { chownSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  type ControlAddress,
  DEFAULT_SOCKET,
  formatControlAddress,
  parseControlAddress,
} from '../rpc/binrpc/address.ts';
import { ControlSocket, type SocketFile } from '../rpc/binrpc/control-socket.ts';
import { accountId } from '../rpc/system-account.ts';
import { type RpcResult, RpcSeveral } from '../rpc/value.ts';
import { L_ERR, L_INFO, L_WARN } from '../script/log.ts';
import {
  defineModule,
  intParam,
  listParam,
  ModuleError,
  type ModuleHost,
  type ModuleParameters,
  rpc,
  strParam,
} from '../script/module-definition.ts';

interface CtlModule {
  readonly host: ModuleHost;
  /** Sockets that the parameters name; empty: the default one. */
  readonly addresses: readonly ControlAddress[];
  readonly file: SocketFile;
  readonly autoConversion: boolean;
  /** Bytes of the largest reply; 0 for no limit. */
  readonly maxReply: number;
  /** Open sockets. */
  readonly sockets: ControlSocket[];
  readonly releases: (() => void)[];
}

/** Kamailio's names of transports. */
const TRANSPORTS: Readonly<Record<ControlAddress['kind'], string>> = {
  unix: 'unix_stream',
  unixd: 'unix_dgram',
  tcp: 'tcp',
  udp: 'udp',
};

/** A user or group of the parameters. @throws ModuleError */
function account(kind: 'user' | 'group', parameters: ModuleParameters): number | null {
  if (!parameters.isSet(kind)) return null;
  const id = accountId(kind, parameters.str(kind));
  if (id === null) throw new ModuleError('CTL_ACCOUNT', `there is no ${kind} "${parameters.str(kind)}"`, kind);
  return id;
}

/** Opens one socket, or goes on with the one that the configuration before this one opened. */
async function openSocket(m: CtlModule, address: ControlAddress): Promise<void> {
  const { host } = m;
  const { value: socket, release } = host.keep.take(
    `ctl ${formatControlAddress(address)}`,
    () =>
      new ControlSocket({
        address,
        file: m.file,
        commands: host.rpc,
        autoConversion: m.autoConversion,
        maxReply: m.maxReply,
        report: (code, text) => host.log.write(code === 'RPC_COMMAND_FAILED' ? L_ERR : L_WARN, 'ctl', text, code),
      }),
    (old) => old.close(),
  );
  try {
    await socket.open();
  } catch (error) {
    release();
    throw error;
  }
  m.sockets.push(socket);
  m.releases.push(release);
  host.log.write(L_INFO, 'ctl', `control socket ${formatControlAddress(address)}`);
}

/** The socket of a configuration that names none: a server must not fail for it, a directory may be missing that only root can make. */
async function openDefault(m: CtlModule): Promise<void> {
  const { directory, owner } = m.host.runtime;
  const path = join(directory, DEFAULT_SOCKET);
  try {
    if (statSync(directory, { throwIfNoEntry: false }) === undefined) {
      mkdirSync(directory, { mode: 0o770 });
      if (owner !== null) chownSync(directory, owner.uid ?? -1, owner.gid ?? -1);
    }
    await openSocket(m, { kind: 'unix', path });
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    m.host.log.write(L_WARN, 'ctl', `no control socket: ${text}`, 'BINRPC_DEFAULT_SOCKET');
  }
}

/** ctl.listen: four texts for each socket. */
function listening(m: CtlModule): RpcResult {
  return new RpcSeveral(
    m.sockets.flatMap((socket) => {
      const { address } = socket;
      const where = 'path' in address ? [address.path, ''] : [address.host, `${socket.port}`];
      return ['binrpc', TRANSPORTS[address.kind], ...where];
    }),
  );
}

/** ctl.who: six texts for each connection. */
function connected(m: CtlModule): RpcResult {
  return new RpcSeveral(
    m.sockets.flatMap((socket) =>
      socket.peers().flatMap(({ host, port }) => {
        const { address } = socket;
        const ends =
          'path' in address
            ? ['<anonymous unix socket>', '', address.path, '']
            : [host, `${port}`, address.host, `${socket.port}`];
        return ['binrpc', TRANSPORTS[address.kind], ...ends];
      }),
    ),
  );
}

/** ctl: the control sockets that kamcmd and `trunkline rpc` talk BINRPC to. */
export const ctl = defineModule<CtlModule>({
  name: 'ctl',
  after: [],
  parameters: [
    listParam('binrpc', 'str', 'yes: unix:, unixs:, unixd:, tcp:, udp:; also IPv6 addresses'),
    intParam('autoconversion', 0),
    intParam('mode', 0o600),
    strParam('user', null),
    strParam('group', null),
    listParam('fifo', 'str', 'ignored: it is the protocol before BINRPC, which nothing speaks any more'),
    intParam('binrpc_max_body_size', 0, 'partly: kilobytes of a reply; without it there is no limit'),
    intParam('binrpc_struct_max_body_size', 0, 'ignored: structs count as part of the reply'),
    intParam('binrpc_buffer_size', 0, 'ignored: buffers grow as they are needed'),
  ],
  functions: [],
  variables: [],
  transformations: [],
  eventRoutes: [],
  create: (host, parameters) => {
    const addresses = parameters.list('binrpc').map((text) => {
      const address = parseControlAddress(`${text}`, host.runtime.directory);
      if (typeof address === 'string') throw new ModuleError('BINRPC_ADDRESS', address, 'binrpc');
      return address;
    });
    const mode = parameters.int('mode');
    if (mode < 0 || mode > 0o777)
      throw new ModuleError('CTL_MODE', `${mode} is no file mode; write it like 0600`, 'mode');
    const { owner } = host.runtime;
    return {
      host,
      addresses,
      file: {
        mode,
        uid: account('user', parameters) ?? owner?.uid ?? null,
        gid: account('group', parameters) ?? owner?.gid ?? null,
      },
      autoConversion: parameters.int('autoconversion') !== 0,
      maxReply: Math.max(0, parameters.int('binrpc_max_body_size')) * 1024,
      sockets: [],
      releases: [],
    };
  },
  open: async (m) => {
    if (m.addresses.length === 0) await openDefault(m);
    const failures: unknown[] = [];
    for (const address of m.addresses) await openSocket(m, address).catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  },
  rpc: [
    rpc('ctl.listen', ['list all the listeners'], listening),
    rpc('ctl.connections', ['returns number of open connections'], (m) =>
      m.sockets.reduce((sum, socket) => sum + socket.peers().length, 0),
    ),
    rpc('ctl.who', ['list open connections'], connected),
  ],
  stop: (m) => {
    for (const release of m.releases.splice(0)) release();
    m.sockets.length = 0;
  },
});
