import type { SipMessage } from '../../../src/message/message.ts';
import { RequestState } from '../../../src/proxy/request-state.ts';
import type { ScriptContext } from '../../../src/script/context.ts';
import { ScriptContext as Context } from '../../../src/script/context.ts';
import { parseInterpolatedText, parseVariableReference } from '../../../src/script/interpolation.ts';
import type {
  AnyModule,
  IndexSpec,
  ModuleHost,
  TextGetter,
  VariableAccess,
  VariableDefinition,
} from '../../../src/script/module-definition.ts';
import type { Settings } from '../../../src/script/settings.ts';
import { coreTransformations } from '../../../src/script/transformations/index.ts';
import { ROUTE_REQUEST, type Value } from '../../../src/script/values.ts';
import type { Segment, VariableRef } from '../../../src/script/variable-reference.ts';
import { coreVariables } from '../../../src/script/variables/index.ts';
import type { ListenSocket, Received } from '../../../src/transport/transport.ts';
import { HOOKS, parsed, type TestHost, testHost } from '../../modules/support.ts';

export const SOCKET: ListenSocket = {
  index: 0,
  proto: 'udp',
  address: '127.0.0.1',
  family: 4,
  port: 17326,
  name: '',
  displayHost: '127.0.0.1',
  displayPort: 17326,
};
export const NAMED: ListenSocket = { ...SOCKET, index: 1, port: 15099, name: 'nm' };
export const TCP6: ListenSocket = {
  ...SOCKET,
  index: 2,
  proto: 'tcp',
  address: '2001:db8::1',
  family: 6,
  displayHost: 'sip.example.net',
  displayPort: 5080,
};
export const RECEIVED: Received = { socket: SOCKET, ip: '127.0.0.1', port: 40682, connection: 0, at: 0 };

export const BODY = 'v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\n';

/** Lines of the sample request that the vectors were made with; the Contact header and more may be replaced. */
export function sampleRaw(changes: { contact?: string; extra?: string; method?: string } = {}): string {
  const method = changes.method ?? 'OPTIONS';
  const contact =
    changes.contact ?? 'Contact: <sip:alice@10.0.0.1:5070;transport=udp>;expires=60, <sip:al2@10.0.0.2>\r\n';
  return (
    `${method} sip:bob@127.0.0.1:17326 SIP/2.0\r\n` +
    'Via: SIP/2.0/UDP 127.0.0.1:40682;branch=z9hG4bK741984478\r\n' +
    'From: "Alice A" <sip:alice@example.com>;tag=ft1\r\n' +
    'To: "Bob B" <sip:bob@example.org>;tag=tt9\r\n' +
    `Call-ID: cid838052420@x\r\nCSeq: 1 ${method}\r\nMax-Forwards: 70\r\n${contact}` +
    'X-A: one\r\nX-A: two\r\nX-A: three, four\r\nSubject: hello\r\n' +
    'Route: <sip:p1.example.com;lr;ftag=abc>, <sip:p2.example.com;lr>\r\n' +
    'P-Asserted-Identity: <sip:pai@x.y>\r\n' +
    'Authorization: Digest username="alice@dom", realm="dom", nonce="nn", uri="sip:dom", response="rr", cnonce="cc"\r\n' +
    (changes.extra ?? '') +
    'User-Agent: UA/1.0\r\nContent-Type: application/sdp\r\n' +
    `Content-Length: ${BODY.length}\r\n\r\n${BODY}`
  );
}

/** One message being processed, with every core variable at hand. */
export interface Bench {
  readonly host: TestHost;
  readonly ctx: ScriptContext;
  /** A text as xlog() would print it. */
  show(text: string): string;
  /** Value of one variable. */
  value(text: string): Value;
  /** Its integer face: the number a calculation would see. */
  int(text: string): number;
  /** Assigns. @returns what the setter says; throws for a read-only variable */
  set(text: string, value: Value): boolean;
  access(text: string): VariableAccess;
}

const TRANSFORMATIONS = new Map(coreTransformations.map((one) => [one.name, one]));

function table(modules: readonly AnyModule[]): Map<string, VariableDefinition<unknown>> {
  const all = new Map<string, VariableDefinition<unknown>>();
  for (const one of coreVariables) all.set(one.name, one as unknown as VariableDefinition<unknown>);
  for (const one of modules) for (const variable of one.definition.variables) all.set(variable.name, variable);
  return all;
}

/** What a compiler does with a reference: prepares it once, then reads and writes. */
class Binder {
  private readonly host: ModuleHost;
  private readonly variables: Map<string, VariableDefinition<unknown>>;

  constructor(host: ModuleHost, modules: readonly AnyModule[]) {
    this.host = host;
    this.variables = table(modules);
  }

  parse(text: string): VariableAccess {
    const read = parseVariableReference(text, 0, { isKnownName: (name) => this.variables.has(name) });
    if (read.ref === null) throw new Error(read.error.message);
    if (read.errors.length > 0 || read.end !== text.length) throw new Error(`cannot read ${text}`);
    return this.bind(read.ref);
  }

  text(text: string): (ctx: ScriptContext) => string {
    const { segments, errors } = parseInterpolatedText(text, { isKnownName: (name) => this.variables.has(name) });
    if (errors[0] !== undefined) throw new Error(errors[0].message);
    return this.segments(segments);
  }

  private segments(segments: readonly Segment[]): (ctx: ScriptContext) => string {
    const parts = segments.map((segment) => {
      if (segment.kind === 'text') return (): string => segment.text;
      const access = this.bind(segment.ref);
      // A transformation that yields nothing prints nothing, a plain undefined variable says so.
      const missing = segment.ref.transformations.length > 0 ? '' : '<null>';
      return (ctx: ScriptContext): string => String(access.get(ctx) ?? missing);
    });
    return (ctx) => parts.map((part) => part(ctx)).join('');
  }

  bind(ref: VariableRef): VariableAccess {
    const definition = this.variables.get(ref.name);
    if (definition === undefined) throw new Error(`unknown variable ${ref.name}`);
    if (definition.inner === 'required' && ref.inner === null) throw new Error(`${ref.name} needs a name`);
    if (definition.inner === 'none' && ref.inner) throw new Error(`${ref.name} takes no name`);
    const base = definition.bind(this.host)(this.inner(ref), this.index(ref), ref.raw);
    if (typeof base === 'string') throw new Error(base);
    let get = base.get;
    for (const { name, params } of ref.transformations) {
      const found = TRANSFORMATIONS.get(name);
      if (found === undefined) throw new Error(`unknown transformation ${name}`);
      if (params.length < found.minParams || params.length > found.maxParams) throw new Error(`parameters of ${name}`);
      const apply = found.make(params.map((param) => (typeof param === 'string' ? constant(param) : this.lone(param))));
      if (typeof apply === 'string') throw new Error(apply);
      const before = get;
      get = (ctx) => apply(before(ctx), ctx);
    }
    return ref.transformations.length === 0 ? base : { text: ref.raw, get, int: null, set: null };
  }

  private lone(ref: VariableRef): TextGetter {
    const access = this.bind(ref);
    return { constant: null, get: access.get };
  }

  private inner(ref: VariableRef): TextGetter | null {
    if (ref.inner === null) return null;
    return ref.innerSegments === null ? constant(ref.inner) : { constant: null, get: this.segments(ref.innerSegments) };
  }

  private index(ref: VariableRef): IndexSpec {
    const { index } = ref;
    if (index === null || index === '*' || typeof index === 'number') return index;
    const access = this.bind(index);
    return (ctx) => Number(access.get(ctx) ?? 0);
  }
}

function constant(text: string): TextGetter {
  return { constant: text, get: () => text };
}

export interface BenchOptions {
  readonly settings?: Partial<Settings>;
  readonly received?: Received;
  readonly routeType?: number;
  readonly modules?: readonly AnyModule[];
}

/** A bench for one message: the text of a request or a reply. */
export function bench(raw: string = sampleRaw(), options: BenchOptions = {}): Bench {
  const message = parsed(raw);
  const request: SipMessage = message.isRequest ? message : parsed(sampleRaw());
  const settings: Partial<Settings> = {
    serverId: 0,
    maxBranches: 12,
    custom: new Map<string, string | number>([
      ['grp.x', 5],
      ['grp.s', 'str'],
    ]),
    defines: new Map([
      ['AA', '5'],
      ['BB', '"bb"'],
      ['CC', ''],
    ]),
    ...options.settings,
  };
  const host = testHost({ sockets: [SOCKET, NAMED, TCP6], settings });
  const received = options.received ?? RECEIVED;
  const state = new RequestState(request, received, HOOKS);
  const ctx = new Context(
    host.program(),
    options.routeType ?? ROUTE_REQUEST,
    message,
    state,
    state.target,
    state.edits,
    null,
    message.isRequest ? null : message,
    received,
    1,
  );
  const known = { ...host, variable: (text: string): VariableAccess | string => attempt(() => binder.parse(text)) };
  const binder = new Binder(known, options.modules ?? []);
  const accesses = new Map<string, VariableAccess>();
  const access = (text: string): VariableAccess => {
    let found = accesses.get(text);
    if (found === undefined) {
      found = binder.parse(text);
      accesses.set(text, found);
    }
    return found;
  };
  return {
    host: known,
    ctx,
    access,
    show: (text) => binder.text(text)(ctx),
    value: (text) => access(text).get(ctx),
    int: (text) => {
      const { int, get } = access(text);
      return int === null ? Number(get(ctx)) : int(ctx);
    },
    set: (text, value) => {
      const { set } = access(text);
      if (set === null) throw new Error(`${text} is read-only`);
      return set(ctx, value);
    },
  };
}

function attempt<T>(make: () => T): T | string {
  try {
    return make();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
