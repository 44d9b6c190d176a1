// The part of dns-packet that dns-packet-client.ts uses; the package has no types of its own.
declare module 'dns-packet' {
  interface Question {
    name: string;
    type: string;
    class?: string;
  }
  interface Answer {
    name: string;
    type: string;
    ttl?: number;
    data?: unknown;
  }
  interface Option {
    name: '.';
    type: 'OPT';
    udpPayloadSize: number;
    flags: number;
  }
  interface Packet {
    id?: number;
    type?: 'query' | 'response';
    flags?: number;
    questions?: Question[];
    answers?: Answer[];
    authorities?: Answer[];
    additionals?: (Answer | Option)[];
  }
  interface DecodedPacket extends Required<Omit<Packet, 'additionals'>> {
    rcode: string;
    flag_tc: boolean;
  }
  const RECURSION_DESIRED: number;
  function encode(packet: Packet): Buffer;
  function decode(data: Buffer): DecodedPacket;
  function streamEncode(packet: Packet): Buffer;
  function streamDecode(data: Buffer): DecodedPacket | null;
}
