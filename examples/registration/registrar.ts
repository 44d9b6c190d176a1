/**
 * A registrar to try registrations on: user demo, password secret, at 127.0.0.1:5080. It asks for credentials with 401, then grants what is
 * asked for. Run it in a checkout: npx node examples/registration/registrar.ts
 */
import { RegistrarSimulator } from '../../src/server/simulator/registrar.ts';

const registrar = new RegistrarSimulator({
  host: '127.0.0.1',
  port: Number(process.argv[2] ?? 5080),
  realm: 'carrier.example',
  challenge: 'www',
  passwordOf: (user) => (user === 'demo' ? 'secret' : undefined),
  log: console.log,
});
await registrar.start();
console.log(`registrar at ${registrar.address}`);
