import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TlsIdentity } from '../../src/transport/tls.ts';

/** Certificates for tests: an authority, servers and a client signed by it, and one from an authority that nobody knows. */
export interface Certificates {
  readonly ca: Buffer;
  /** Names localhost and sip.example.com, addresses 127.0.0.1 and ::1. */
  readonly server: TlsIdentity;
  /** Name other.example.net only. */
  readonly other: TlsIdentity;
  /** URI sip:voice.example.org in subjectAltName, no DNS name (RFC 5922 §7.1). */
  readonly domain: TlsIdentity;
  readonly client: TlsIdentity;
  readonly stranger: TlsIdentity;
}

function openssl(directory: string, ...args: string[]): void {
  execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });
}

function identity(directory: string, name: string): TlsIdentity {
  return {
    certificate: readFileSync(join(directory, `${name}.crt`)),
    privateKey: readFileSync(join(directory, `${name}.key`)),
  };
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

function selfSigned(directory: string, name: string): void {
  openssl(
    directory,
    'req',
    '-x509',
    ...KEY,
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.crt`,
    '-subj',
    `/CN=${name}`,
    '-days',
    '2',
  );
}

function signed(directory: string, name: string, altNames: string): TlsIdentity {
  openssl(directory, 'req', ...KEY, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
  writeFileSync(join(directory, `${name}.ext`), `subjectAltName=${altNames}\n`);
  const ca = ['-CA', 'authority.crt', '-CAkey', 'authority.key', '-CAcreateserial'];
  openssl(
    directory,
    'x509',
    '-req',
    '-in',
    `${name}.csr`,
    ...ca,
    '-out',
    `${name}.crt`,
    '-days',
    '2',
    '-extfile',
    `${name}.ext`,
  );
  return identity(directory, name);
}

/** Makes the certificates with the openssl program; null when this machine has none. */
export function makeCertificates(): Certificates | null {
  const directory = mkdtempSync(join(tmpdir(), 'certificates-'));
  try {
    openssl(directory, 'version');
  } catch {
    rmSync(directory, { recursive: true });
    return null;
  }
  selfSigned(directory, 'authority');
  selfSigned(directory, 'stranger');
  const certificates = {
    ca: readFileSync(join(directory, 'authority.crt')),
    server: signed(directory, 'server', 'DNS:localhost,DNS:sip.example.com,IP:127.0.0.1,IP:::1'),
    other: signed(directory, 'other', 'DNS:other.example.net'),
    domain: signed(directory, 'domain', 'URI:sip:voice.example.org'),
    client: signed(directory, 'client', 'DNS:client.example.com'),
    stranger: identity(directory, 'stranger'),
  };
  rmSync(directory, { recursive: true });
  return certificates;
}
