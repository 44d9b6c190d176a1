/** How many digest operations one core makes in a second: `node bench/digest.ts`. */
import { digestAlgorithm } from '../src/digest/algorithm.ts';
import { Authenticator } from '../src/digest/authenticator.ts';
import { answerChallenge } from '../src/digest/authorization.ts';
import { chooseChallenge } from '../src/digest/challenge.ts';
import { credential } from '../src/digest/credentials.ts';
import { computeResponse, userHa1 } from '../src/digest/digest.ts';
import { NonceMint } from '../src/digest/nonce.ts';
import { LocalNonceUses } from '../src/digest/nonce-use.ts';
import { type DigestChallenge, parseChallenges, parseCredentials } from '../src/message/auth-header.ts';

const ROUND_MS = 500;
const CALLS_PER_LOOK = 200;

function measure(name: string, operation: () => void): void {
  const run = (): number => {
    let calls = 0;
    const started = performance.now();
    let elapsed = 0;
    while (elapsed < ROUND_MS) {
      for (let i = 0; i < CALLS_PER_LOOK; i++) operation();
      calls += CALLS_PER_LOOK;
      elapsed = performance.now() - started;
    }
    return (calls * 1000) / elapsed;
  };
  run(); // lets the compiler finish
  const rate = Math.max(run(), run(), run());
  console.log(`${name.padEnd(52)} ${Math.round(rate).toLocaleString('en').padStart(12)} ops/s`);
}

const alice = credential({ user: 'alice', realm: 'example.com', secret: 'secret' });
const request = { method: 'INVITE', uri: 'sip:bob@example.com' };

for (const name of ['MD5', 'SHA-256', 'SHA-512-256', 'SHA-256-sess']) {
  const algorithm = digestAlgorithm(name);
  if (algorithm === undefined) continue;
  const terms = {
    nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcC',
    qop: 'auth',
    nc: '00000001',
    cnonce: '0a4f113b',
    body: '',
  };
  measure(`response from the password, ${name}`, () => {
    const ha1 = userHa1(algorithm.hash, 'alice', 'example.com', 'secret');
    computeResponse({ algorithm, ha1, ...request, ...terms });
  });
}

const header =
  'Digest realm="example.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", qop="auth", algorithm=SHA-256, ' +
  'Digest realm="example.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", qop="auth", algorithm=MD5, opaque="5ccc069c"';
measure('parse a value with two challenges', () => {
  parseChallenges(header);
});
measure('parse, choose and answer (SHA-256)', () => {
  const choice = chooseChallenge({ challenges: parseChallenges(header), credentialsFor: () => alice });
  if (choice.ok) answerChallenge({ ...choice, ...request, nc: 1 });
});

const guard = new Authenticator({ realm: 'example.com', hop: 'proxy', nonces: new NonceMint() });
measure('server: issue a challenge', () => {
  guard.challenge();
});

const [issued] = parseChallenges(guard.challenge()[0] ?? '');
const answer = answerChallenge({ challenge: issued as DigestChallenge, credential: alice, ...request, nc: 1 });
const authorization = answer.ok ? answer.headerValue : '';
measure('server: parse and verify credentials (MD5)', () => {
  guard.verify({ credentials: parseCredentials(authorization), method: 'INVITE' }, () => alice);
});

const uses = new LocalNonceUses();
const expiresAt = Date.now() + 300_000;
let serial = 0;
measure('server: record the first use of a nonce', () => {
  uses.use({ nonce: `nonce-${serial++}`, nc: 1, issuedAt: expiresAt - 300_000 + serial, expiresAt });
});
