import type { ModuleHost, VariableDefinition } from '../../script/module-definition.ts';
import type { PlacedVariable, ReferencePlace } from '../../script/placed-variable.ts';
import type { Value } from '../../script/values.ts';
import { bracket } from '../../transport/ip.ts';
import type { ListenSocket } from '../../transport/transport.ts';

/** Text of a socket as configurations write it. */
function listenText(socket: ListenSocket): string {
  return `${socket.proto}:${bracket(socket.address)}:${socket.port}`;
}

const ATTRIBUTES: Readonly<Record<string, (socket: ListenSocket) => Value>> = {
  listen: listenText,
  name: (socket) => (socket.name === '' ? null : socket.name),
  proto: (socket) => socket.proto,
  address: (socket) => socket.address,
  host: (socket) => socket.displayHost,
  port: (socket) => socket.port,
};

const FORM = 'expected n/name/attribute or l/address/attribute';

/**
 * `$lsock(n/s1/listen)`: attribute of the socket named s1; `l/udp:1.2.3.4:5060/name`: of the one with that address. Of another form it is an
 * empty text, as in the original.
 */
const LSOCK: VariableDefinition<{ readonly host: ModuleHost }> = {
  name: 'lsock',
  writable: false,
  inner: 'required',
  support: 'partly: n/name/attribute and l/address/attribute',
  bind: (m) => (inner, _index, text) => {
    if (inner === null || inner.constant === null) return FORM;
    const match = /^([nl])\/(.+)\/(\w+)$/.exec(inner.constant);
    if (match === null) return { text, get: () => '', int: null, set: null };
    const [, by, wanted, name] = match as unknown as [string, string, string, string];
    const attribute = ATTRIBUTES[name];
    if (attribute === undefined) return FORM;
    const get = (): Value => {
      const socket = m.host.sender.sockets.find((one) =>
        by === 'n' ? one.name === wanted : listenText(one) === wanted,
      );
      return socket === undefined ? null : attribute(socket);
    };
    return { text, get, int: null, set: null };
  },
};

type CfgKey = (place: ReferencePlace) => Value;

const CFG_KEYS: Readonly<Record<string, CfgKey>> = {
  line: ({ at }) => at.line,
  name: ({ at }) => at.file,
  route: ({ route }) => route,
};

/** `$cfg(line)`, `$cfg(name)`, `$cfg(route)`: where in the configuration it stands. */
const CFG: PlacedVariable<{ readonly host: ModuleHost }> = {
  name: 'cfg',
  writable: false,
  inner: 'required',
  support: 'yes: line is the reference’s own, also in a call of several lines',
  // Bound by its place always.
  bind: () => () => 'cannot be used here',
  bindAt: (inner, text, place) => {
    const key = inner?.constant == null ? undefined : CFG_KEYS[inner.constant];
    if (key === undefined) return `$cfg takes one of ${Object.keys(CFG_KEYS).join(', ')}`;
    const value = key(place);
    return { text, get: () => value, int: null, set: null };
  },
};

/** `$atkv(…)`: about the task of an asynchronous worker that runs. */
const ATKV: VariableDefinition<{ readonly host: ModuleHost }> = {
  name: 'atkv',
  writable: false,
  inner: 'required',
  support: 'partly: there are no task groups, so it is undefined, as in the original where no task runs',
  bind: () => (_inner, _index, text) => ({ text, get: () => null, int: null, set: null }),
};

export const COREX_VARIABLES: readonly VariableDefinition<{ readonly host: ModuleHost }>[] = [LSOCK, CFG, ATKV];
