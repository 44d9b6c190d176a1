/** Routes under test without a socket: a phone, a carrier and a clock moved by hand. Run: node examples/library/testing.ts */
import { defineConfig, type Request } from 'trunkline';
import { testRoutes } from 'trunkline/testing';

const bench = await testRoutes(
  {
    config: defineConfig({ listen: 'udp:192.0.2.1:5060' }),
    request: (request: Request) => request.relay({ to: 'sip:carrier.example' }),
  },
  { carrier: 'carrier.example' },
);
const call = bench.phone.invite();
await bench.carrier.expect('INVITE').reply(486, 'Busy Here');
console.log((await call.expect(486)).reason);
console.log(bench.story().split('\n').length > 4);
bench.stop();
