/**
 * The one STUN exchange a SIP port has to know: a Binding request used as keepalive (RFC 5626 §4.4.2 and §8) is answered with a
 * Binding success response that carries XOR-MAPPED-ADDRESS (RFC 8489 §6.3.1, §14.2).
 */

const MAGIC_COOKIE = 0x2112a442;
const BINDING_REQUEST = 0x0001;
const BINDING_SUCCESS = 0x0101;
const XOR_MAPPED_ADDRESS = 0x0020;

/** True when a datagram is a STUN message: two zero bits first, the magic cookie in place (RFC 8489 §6). */
export function isStun(data: Buffer): boolean {
  return data.length >= 20 && (data[0] as number) < 4 && data.readUInt32BE(4) === MAGIC_COOKIE;
}

/**
 * The answer to a STUN Binding request.
 * @param ip the source address of the request
 * @returns the response, or null when the message is no Binding request
 */
export function stunAnswer(request: Buffer, ip: string, port: number): Buffer | null {
  if (request.readUInt16BE(0) !== BINDING_REQUEST) return null;
  const address = ip.includes(':') ? ipv6Bytes(ip) : Buffer.from(ip.split('.').map(Number));
  if (address === null) return null;
  const reply = Buffer.alloc(20 + 8 + address.length);
  reply.writeUInt16BE(BINDING_SUCCESS, 0);
  reply.writeUInt16BE(8 + address.length, 2);
  request.copy(reply, 4, 4, 20); // cookie and transaction id
  reply.writeUInt16BE(XOR_MAPPED_ADDRESS, 20);
  reply.writeUInt16BE(4 + address.length, 22);
  reply.writeUInt8(address.length === 4 ? 1 : 2, 25);
  reply.writeUInt16BE(port ^ (MAGIC_COOKIE >>> 16), 26);
  // The address is xored with the cookie, an IPv6 one with cookie and transaction id, which stand next to each other.
  for (let i = 0; i < address.length; i++) reply[28 + i] = (address[i] as number) ^ (request[4 + i] as number);
  return reply;
}

function ipv6Bytes(ip: string): Buffer | null {
  const zone = ip.indexOf('%');
  const halves = (zone < 0 ? ip : ip.slice(0, zone)).split('::');
  const groups = (text: string | undefined): string[] => (text === undefined || text === '' ? [] : text.split(':'));
  const head = groups(halves[0]);
  const tail = groups(halves[1]);
  const missing = 8 - head.length - tail.length;
  if (missing < 0) return null;
  const bytes = Buffer.alloc(16);
  [...head, ...new Array<string>(missing).fill('0'), ...tail].forEach((group, i) => {
    bytes.writeUInt16BE(Number.parseInt(group, 16) & 0xffff, i * 2);
  });
  return bytes;
}
