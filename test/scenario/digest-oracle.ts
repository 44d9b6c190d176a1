/** Digest answers as RFC 7616 §3.4 writes them down, once more and independent of src/digest: what a test carrier checks with. */
import { createHash } from 'node:crypto';

const HASHES: Readonly<Record<string, string>> = { MD5: 'md5', 'SHA-256': 'sha256', 'SHA-512-256': 'sha512-256' };

/** Parameters of an Authorization or Proxy-Authorization value. */
export function authParameters(value: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (const [, name = '', quoted, plain] of value.matchAll(/([A-Za-z]+)\s*=\s*(?:"([^"]*)"|([^,\s]+))/g))
    parameters.set(name.toLowerCase(), quoted ?? plain ?? '');
  return parameters;
}

/** What the response must be; the parameters say how. */
export function expectedResponse(
  parameters: ReadonlyMap<string, string>,
  password: string,
  method: string,
  body: string,
): string {
  const get = (name: string): string => parameters.get(name) ?? '';
  const algorithm = get('algorithm') === '' ? 'MD5' : get('algorithm');
  const hash = HASHES[algorithm.replace(/-sess$/i, '').toUpperCase()];
  if (hash === undefined) return 'no such algorithm';
  const h = (text: string): string => createHash(hash).update(text, 'latin1').digest('hex');
  let a1 = h(`${get('username')}:${get('realm')}:${password}`);
  if (/-sess$/i.test(algorithm)) a1 = h(`${a1}:${get('nonce')}:${get('cnonce')}`);
  const qop = get('qop');
  const a2 = h(`${method}:${get('uri')}${qop === 'auth-int' ? `:${h(body)}` : ''}`);
  return qop === ''
    ? h(`${a1}:${get('nonce')}:${a2}`)
    : h(`${a1}:${get('nonce')}:${get('nc')}:${get('cnonce')}:${qop}:${a2}`);
}
