import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import {
  type ConnectionOptions,
  checkServerIdentity,
  createSecureContext,
  type PeerCertificate,
  type SecureContext,
  type SecureContextOptions,
  type SecureVersion,
  type TLSSocket,
  type TlsOptions,
} from 'node:tls';
import { errorText, TransportError, type TransportErrorCode } from './errors.ts';
import { bracket } from './ip.ts';

/** A certificate chain with its private key, as PEM text. */
export interface TlsIdentity {
  readonly certificate: string | Buffer;
  readonly privateKey: string | Buffer;
  readonly passphrase?: string;
}

/** TLS settings; the names follow Kamailio's tls.cfg (verify_certificate, require_certificate, ca_list, tls_method, server_name). */
export interface TlsSettings {
  /** Certificate shown to clients that ask for no name of {@link servers}. Needed for tls and wss listen lines. */
  readonly server?: TlsIdentity;
  /** Further certificates by server name (SNI, RFC 6066 §3); `*.example.com` covers one label. */
  readonly servers?: Readonly<Record<string, TlsIdentity>>;
  /** Certificate that we show when we connect; absent: that of {@link server}. `null` shows none. */
  readonly client?: TlsIdentity | null;
  /** Authorities we trust, PEM; absent: those of Node. */
  readonly ca?: string | Buffer | readonly (string | Buffer)[];
  /** Revocation lists, PEM. */
  readonly crl?: string | Buffer;
  /** Check the certificate of a client that shows one. */
  readonly verifyClient?: boolean;
  /** Close the connection of a client that shows none. */
  readonly requireClientCertificate?: boolean;
  /** Check the certificate of servers that we connect to (RFC 5922 §7). Default true. */
  readonly verifyServer?: boolean;
  readonly minVersion?: SecureVersion;
  readonly maxVersion?: SecureVersion;
  /** OpenSSL cipher list. */
  readonly ciphers?: string;
  /**
   * What holds instead when we connect: who may vouch for a carrier's server need not be who vouches for our clients. Absent: the same as above;
   * authorities left out here are those of Node.
   */
  readonly outbound?: Pick<TlsSettings, 'ca' | 'crl' | 'minVersion' | 'maxVersion' | 'ciphers'>;
  /** Settings of single listening sockets by `address:port`, an IPv6 address in brackets; the others have those above. */
  readonly sockets?: Readonly<Record<string, TlsSettings>>;
}

/** The settings of a listening socket. */
export function settingsOfSocket(
  settings: TlsSettings | undefined,
  address: string,
  port: number,
): TlsSettings | undefined {
  return settings?.sockets?.[`${bracket(address)}:${port}`] ?? settings;
}

/** RFC 8996: TLS 1.0 and 1.1 must not be used. */
const DEFAULT_MIN_VERSION: SecureVersion = 'TLSv1.2';

/** Reads a certificate and its key from PEM files. @throws TransportError TRANSPORT_NO_TLS_CERTIFICATE */
export function readIdentity(certificateFile: string, privateKeyFile: string, passphrase?: string): TlsIdentity {
  try {
    const certificate = readFileSync(certificateFile);
    const privateKey = readFileSync(privateKeyFile);
    return passphrase === undefined ? { certificate, privateKey } : { certificate, privateKey, passphrase };
  } catch (error) {
    throw new TransportError('TRANSPORT_NO_TLS_CERTIFICATE', errorText(error), error);
  }
}

function contextOptions(settings: TlsSettings, identity: TlsIdentity | null | undefined): SecureContextOptions {
  return {
    minVersion: settings.minVersion ?? DEFAULT_MIN_VERSION,
    ...(settings.maxVersion === undefined ? {} : { maxVersion: settings.maxVersion }),
    ...(settings.ciphers === undefined ? {} : { ciphers: settings.ciphers }),
    ...(settings.ca === undefined
      ? {}
      : { ca: typeof settings.ca === 'string' || Buffer.isBuffer(settings.ca) ? settings.ca : [...settings.ca] }),
    ...(settings.crl === undefined ? {} : { crl: settings.crl }),
    ...(identity === null || identity === undefined ? {} : { cert: identity.certificate, key: identity.privateKey }),
    ...(identity?.passphrase === undefined ? {} : { passphrase: identity.passphrase }),
  };
}

/** The certificates of a listening TLS server by server name; they can be replaced while it runs. */
export class ServerCertificates {
  private byName = new Map<string, SecureContext>();

  /** @throws TransportError TRANSPORT_NO_TLS_CERTIFICATE when one cannot be read; the old ones stay */
  load(settings: TlsSettings): void {
    const byName = new Map<string, SecureContext>();
    for (const [name, identity] of Object.entries(settings.servers ?? {})) {
      byName.set(name.toLowerCase(), secureContext(settings, identity));
    }
    this.byName = byName;
  }

  /** The context for the name that a client asks for; undefined for the server's own. */
  find(name: string): SecureContext | undefined {
    const lower = name.toLowerCase();
    return this.byName.get(lower) ?? this.byName.get(lower.replace(/^[^.]+/, '*'));
  }
}

function secureContext(settings: TlsSettings, identity: TlsIdentity): SecureContext {
  try {
    return createSecureContext(contextOptions(settings, identity));
  } catch (error) {
    throw new TransportError('TRANSPORT_NO_TLS_CERTIFICATE', errorText(error), error);
  }
}

/** The options that a running server can take anew. @throws TransportError TRANSPORT_NO_TLS_CERTIFICATE */
export function serverContextOptions(settings: TlsSettings | undefined): SecureContextOptions {
  if (settings?.server === undefined) throw new TransportError('TRANSPORT_NO_TLS_CERTIFICATE', 'TLS server');
  secureContext(settings, settings.server); // reads the certificate: a bad one is told here and not by the first client
  return contextOptions(settings, settings.server);
}

/**
 * Options of a listening TLS server: certificate by server name, client certificates asked for when they matter.
 * @throws TransportError TRANSPORT_NO_TLS_CERTIFICATE when no certificate is set or it cannot be read
 */
export function tlsServerOptions(
  settings: TlsSettings | undefined,
  certificates: ServerCertificates,
  handshakeTimeout: number,
): TlsOptions {
  const options = serverContextOptions(settings);
  if (settings !== undefined) certificates.load(settings);
  return {
    ...options,
    handshakeTimeout,
    requestCert: settings?.verifyClient === true || settings?.requireClientCertificate === true,
    // A refused client shall be counted and logged with its reason, so the verdict is taken after the handshake: clientVerdict().
    rejectUnauthorized: false,
    SNICallback: (name, done) => done(null, certificates.find(name)),
  };
}

/** Why an accepted TLS client must be closed, or null when it may stay. */
export function clientVerdict(settings: TlsSettings, socket: TLSSocket): TransportErrorCode | null {
  const shown = Object.keys(socket.getPeerCertificate()).length > 0;
  if (!shown) return settings.requireClientCertificate === true ? 'TLS_CLIENT_CERTIFICATE_MISSING' : null;
  const check = settings.verifyClient ?? settings.requireClientCertificate === true;
  return check && !socket.authorized ? 'TLS_CLIENT_CERTIFICATE_INVALID' : null;
}

/**
 * Options to connect to a TLS server.
 * @param serverName name that the certificate has to carry and that is asked for by SNI; empty: the address
 */
export function tlsClientOptions(settings: TlsSettings | undefined, serverName: string, ip: string): ConnectionOptions {
  const given = settings ?? {};
  const name = serverName === '' ? ip : serverName;
  return {
    ...contextOptions(given.outbound ?? given, given.client === undefined ? given.server : given.client),
    rejectUnauthorized: given.verifyServer !== false,
    // An address must not stand in SNI (RFC 6066 §3).
    ...(isIP(name) === 0 ? { servername: name } : {}),
    checkServerIdentity: (_host, certificate) => checkSipIdentity(name, certificate),
  };
}

/**
 * RFC 5922 §7.2: a SIP domain is named by a `sip:` URI in subjectAltName; only without any such URI do DNS names (and then the
 * common name) count.
 */
export function checkSipIdentity(name: string, certificate: PeerCertificate): Error | undefined {
  const uris = (certificate.subjectaltname ?? '')
    .split(', ')
    .filter((entry) => /^URI:sips?:/i.test(entry))
    .map((entry) => entry.replace(/^URI:sips?:/i, '').toLowerCase());
  if (uris.includes(name.toLowerCase())) return undefined;
  return checkServerIdentity(name, certificate);
}
