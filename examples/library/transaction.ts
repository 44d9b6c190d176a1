/** A client transaction over a network that loses everything, on a clock moved by hand. Run: node examples/library/transaction.ts */
import { DEFAULT_TIMERS, fakeTime, TransactionLayer } from 'trunkline/transaction';

const { clock, wheel } = fakeTime();
let sent = 0;
const socket = {
  index: 0,
  proto: 'udp',
  address: '192.0.2.1',
  family: 4,
  port: 5060,
  name: '',
  displayHost: '192.0.2.1',
  displayPort: 5060,
} as const;
const layer = new TransactionLayer({
  wheel,
  sender: { sockets: [socket], send: () => ++sent > 0, socketFor: () => socket, isMyself: () => false },
});
layer.createClient({
  branch: 'z9hG4bK1',
  method: 'OPTIONS',
  text: 'OPTIONS sip:b@192.0.2.9 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n\r\n',
  destination: { socket, proto: 'udp', ip: '192.0.2.9', port: 5060, connection: 0, serverName: '' },
  timers: DEFAULT_TIMERS,
  user: { onResponse() {}, onSendFailed() {}, onTimeout: () => console.log(`no answer after ${sent} sends`) },
});
clock.advance(40_000);
