import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { createSecureContext, type SecureVersion } from 'node:tls';
import type { Plan } from '../script/checker.ts';
import type { ModulePlan } from '../script/checker-modules.ts';
import type { DiagnosticCode, DiagnosticList } from '../script/diagnostic.ts';
import type { Span } from '../script/source.ts';
import type { ListenSpec } from '../transport/listen.ts';
import type { TlsIdentity, TlsSettings } from '../transport/tls.ts';
import { parseTlsConfig, type TlsSection, type TlsValue } from './tls-config-file.ts';

/** What TLS settings are made from. */
export interface TlsInput {
  readonly plan: Plan;
  /** The sockets that will be opened. */
  readonly listen: readonly ListenSpec[];
  /** The configuration file: names of other files are relative to its folder, those that begin with `./` to `cwd` (as in Kamailio). */
  readonly file: string;
  readonly cwd: string;
  /** A check may run on another machine: files that are missing there are warnings. */
  readonly checking: boolean;
}

type Values = ReadonlyMap<string, TlsValue>;

/** Kamailio's default for both files of a server; a client shows nothing by default. */
const DEFAULT_FILE = 'cert.pem';

/**
 * TLS of the transports as the tls module's parameters and its tls.cfg say; nothing when the module is not loaded or no TLS socket is to be
 * opened. Problems are in the plan's diagnostics afterwards: a file that cannot be read, a key that does not fit, an unknown value.
 */
export function tlsSettings(input: TlsInput): { readonly tls?: TlsSettings } {
  const { plan, listen } = input;
  const module = plan.modules.find(({ module: { definition } }) => definition.name === 'tls');
  const wanted = plan.globals.server.enableTls || listen.some(({ proto }) => proto === 'tls' || proto === 'wss');
  if (module === undefined || !wanted) return {};
  return { tls: new TlsReader(input, module).settings() };
}

/** Reads the parameters, the file they name and the files that names. */
class TlsReader {
  private readonly diagnostics: DiagnosticList;
  private readonly base: string;
  private readonly cwd: string;
  private readonly checking: boolean;
  private readonly module: ModulePlan;

  constructor(input: TlsInput, module: ModulePlan) {
    this.diagnostics = input.plan.scope.diagnostics;
    this.base = dirname(resolve(input.cwd, input.file));
    this.cwd = input.cwd;
    this.checking = input.checking;
    this.module = module;
  }

  settings(): TlsSettings {
    const parameters = this.parameters();
    const config = parameters.get('config');
    if (config === undefined) {
      // Without a file, the parameters hold for both directions.
      return { ...this.server(parameters, this.module.at), ...this.client(parameters, this.module.at) };
    }
    const text = this.read(config);
    if (text === null) return {};
    const path = this.path(config.text);
    return this.fromSections(parseTlsConfig(path, text.toString('utf8'), this.diagnostics), config.at);
  }

  private fromSections(sections: readonly TlsSection[], at: Span): TlsSettings {
    const of = (side: TlsSection['side']): TlsSection[] => sections.filter((section) => section.side === side);
    const common = of('server').find(({ address, values }) => address === 'default' && !values.has('server_name'));
    const server = this.server(common?.values ?? new Map(), common?.at ?? at);
    const client = of('client').find(({ address }) => address === 'default');
    const sockets: Record<string, TlsSettings> = {};
    const names: TlsSection[] = [];
    for (const section of of('server')) {
      if (section.values.has('server_name')) names.push(section);
      else if (section.address !== 'default' && section.address !== 'any')
        sockets[section.address] = this.server(section.values, section.at);
    }
    for (const section of of('client'))
      if (section !== client)
        this.diagnostics.warning(
          'CFG_TLS_PROFILE',
          `[client:${section.address}] is not used: there is one client profile, [client:default]`,
          section.at,
        );
    const settings: TlsSettings = {
      ...server,
      ...this.client(client?.values ?? new Map(), client?.at ?? at),
      sockets,
    };
    return this.withNames(settings, names);
  }

  /** Certificates by server name (SNI): of one socket, or of all of them. */
  private withNames(settings: TlsSettings, sections: readonly TlsSection[]): TlsSettings {
    const sockets: Record<string, TlsSettings> = { ...settings.sockets };
    let common = settings;
    for (const { address, values, at } of sections) {
      const identity = this.identity(values, at, DEFAULT_FILE);
      const name = values.get('server_name')?.text ?? '';
      const everywhere = address === 'default' || address === 'any';
      const base = everywhere ? common : (sockets[address] ?? settings);
      const rules = this.clientRules(values);
      // Whoever may choose the name could choose the rule; and a stricter one must not be lost without a word.
      if (rules.verifyClient && base.verifyClient !== true)
        this.diagnostics.error(
          'CFG_TLS_PROFILE',
          `${name}: client certificates are asked for by socket and not by server name`,
          values.get('require_certificate')?.at ?? values.get('verify_certificate')?.at ?? at,
          `set it in [server:${address === 'any' ? 'default' : address}] without server_name`,
        );
      if (identity === null) continue;
      const changed: TlsSettings = { ...base, servers: { ...base.servers, [name]: identity } };
      if (everywhere) common = changed;
      else sockets[address] = changed;
    }
    return { ...common, sockets };
  }

  private server(values: Values, at: Span): TlsSettings {
    const identity = this.identity(values, at, DEFAULT_FILE);
    const { verifyClient, requireClientCertificate } = this.clientRules(values);
    return {
      ...(identity === null ? {} : { server: identity }),
      ...this.common(values),
      // Without a list nobody is trusted: the world's public authorities vouch for names of servers, not for our clients.
      ca: this.authorities(values),
      verifyClient,
      requireClientCertificate,
    };
  }

  private client(values: Values, at: Span): TlsSettings {
    const identity = values.has('certificate') ? this.identity(values, at, '') : null;
    const verify = values.get('verify_certificate');
    const verifyServer = verify !== undefined && this.flag(verify);
    if (verify === undefined)
      this.diagnostics.warning(
        'CFG_TLS_UNVERIFIED',
        'certificates of TLS servers that we connect to are not checked, as in Kamailio',
        at,
        'set verify_certificate to yes and ca_list to the authorities you trust; no says that it is meant so',
      );
    const ca = this.authorities(values);
    return { client: identity, verifyServer, outbound: { ...this.common(values), ...(ca.length === 0 ? {} : { ca }) } };
  }

  private clientRules(values: Values): { verifyClient: boolean; requireClientCertificate: boolean } {
    const mode = values.get('verify_client')?.text.toLowerCase() ?? '';
    const require = this.flag(values.get('require_certificate')) || mode === 'on';
    // Kamailio: a certificate that is required is also checked.
    return {
      verifyClient: require || mode === 'optional' || this.flag(values.get('verify_certificate')),
      requireClientCertificate: require,
    };
  }

  private common(values: Values): Pick<TlsSettings, 'crl' | 'minVersion' | 'maxVersion' | 'ciphers'> {
    const list = values.get('crl');
    const crl = list === undefined ? null : this.read(list);
    if (crl !== null && list !== undefined)
      this.tryContext({ crl }, 'CFG_TLS_CERTIFICATE', `crl ${list.text}`, list.at);
    const ciphers = values.get('cipher_list');
    if (ciphers !== undefined)
      this.tryContext({ ciphers: ciphers.text }, 'CFG_VALUE', `cipher_list ${ciphers.text}`, ciphers.at);
    return {
      ...(crl === null ? {} : { crl }),
      ...(ciphers === undefined ? {} : { ciphers: ciphers.text }),
      ...this.versions(values.get('tls_method')),
    };
  }

  private versions(method: TlsValue | undefined): { minVersion?: SecureVersion; maxVersion?: SecureVersion } {
    if (method === undefined) return {};
    const match = /^(?:SSLv(?:2|3|23)|TLSv1(?:\.([0-3]))?)(\+?)$/i.exec(method.text);
    if (match === null) {
      this.diagnostics.error('CFG_TLS_METHOD', `unknown TLS method "${method.text}"`, method.at, 'write TLSv1.2+');
      return {};
    }
    const [, minor, orLater] = match;
    if (minor === '3') return { minVersion: 'TLSv1.3' };
    if (minor === '2')
      return orLater === '+' ? { minVersion: 'TLSv1.2' } : { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' };
    // RFC 8996: older versions must not be used, so a method that names one is taken for the oldest that may.
    if (!/^SSLv23$/i.test(method.text) && orLater !== '+')
      this.diagnostics.warning(
        'CFG_TLS_METHOD',
        `${method.text} is not offered any more (RFC 8996): TLS 1.2 and later are`,
        method.at,
        'write TLSv1.2+',
      );
    return { minVersion: 'TLSv1.2' };
  }

  private authorities(values: Values): Buffer[] {
    const list = values.get('ca_list');
    const folder = values.get('ca_path');
    const found: Buffer[] = [];
    const one = list === undefined || list.text === '' ? null : this.read(list);
    if (one !== null && list !== undefined) {
      // OpenSSL takes a text without certificates for an empty list, and then trusts nobody without a word.
      if (!holdsCertificate(one))
        this.diagnostics.error('CFG_TLS_CERTIFICATE', `${list.text} holds no certificate`, list.at);
      found.push(one);
    }
    if (folder !== undefined && folder.text !== '') found.push(...this.readFolder(folder));
    return found;
  }

  private readFolder(folder: TlsValue): Buffer[] {
    const path = this.path(folder.text);
    try {
      // OpenSSL's folders have every file twice, once as a link named by its hash.
      const names = readdirSync(path).filter((name) => /\.(pem|crt|cer|\d+)$/.test(name));
      return names.map((name) => readFileSync(join(path, name)));
    } catch (error) {
      this.unreadable(folder, error);
      return [];
    }
  }

  /** @param fallback the certificate's file when none is named */
  private identity(values: Values, at: Span, fallback: string): TlsIdentity | null {
    const named = values.get('certificate');
    const certificateValue = named ?? { text: fallback, at };
    const keyValue = values.get('private_key') ?? { text: certificateValue.text, at: certificateValue.at };
    const certificate = this.read(certificateValue);
    const privateKey = this.read(keyValue);
    if (certificate === null || privateKey === null) return null;
    const password = values.get('private_key_password');
    const passphrase = password === undefined ? {} : { passphrase: password.text };
    const identity = { certificate, privateKey, ...passphrase };
    const options = { cert: certificate, key: privateKey, ...passphrase };
    return this.tryContext(options, 'CFG_TLS_CERTIFICATE', `${certificateValue.text} and ${keyValue.text}`, keyValue.at)
      ? identity
      : null;
  }

  /** Lets OpenSSL judge now what it would else refuse at the first handshake. */
  private tryContext(
    options: Parameters<typeof createSecureContext>[0],
    code: DiagnosticCode,
    what: string,
    at: Span,
  ): boolean {
    try {
      createSecureContext(options);
      return true;
    } catch (error) {
      this.diagnostics.error(code, `${what}: ${reason(error)}`, at);
      return false;
    }
  }

  private flag(value: TlsValue | undefined): boolean {
    if (value === undefined) return false;
    if (/^(1|yes|on|true)$/i.test(value.text)) return true;
    if (!/^(0|no|off|false)$/i.test(value.text))
      this.diagnostics.error('CFG_VALUE', `"${value.text}" is neither yes nor no`, value.at);
    return false;
  }

  private read(value: TlsValue): Buffer | null {
    try {
      return readFileSync(this.path(value.text));
    } catch (error) {
      this.unreadable(value, error);
      return null;
    }
  }

  private unreadable(value: TlsValue, error: unknown): void {
    const message = `TLS file "${value.text}" cannot be read: ${reason(error)}`;
    if (this.checking) this.diagnostics.warning('CFG_TLS_FILE', message, value.at);
    else this.diagnostics.error('CFG_TLS_FILE', message, value.at, 'correct the path, or let this user read the file');
  }

  private path(name: string): string {
    if (isAbsolute(name)) return name;
    return resolve(name.startsWith('.') ? this.cwd : this.base, name);
  }

  /** The modparam lines; `$def` and `$env` of modparamx are filled in, nothing else has a value before the first message. */
  private parameters(): Values {
    const values = new Map<string, TlsValue>();
    for (const [name, list] of this.module.parameters) {
      const last = list.at(-1);
      if (last === undefined) continue;
      const text = String(last.value);
      values.set(name, { text: last.interpolated ? fillEnvironment(text) : text, at: last.at });
    }
    return values;
  }
}

function holdsCertificate(pem: Buffer): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

function fillEnvironment(text: string): string {
  return text.replace(/\$env\(([^)]*)\)/g, (_, name: string) => process.env[name] ?? '');
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
