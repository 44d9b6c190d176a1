/** Answering a carrier's challenge without any server. Run: node examples/library/digest.ts */
import { answerChallenge, chooseChallenge, credential } from 'trunkline/digest';
import { parseChallenges } from 'trunkline/message';

const challenges = parseChallenges('Digest realm="carrier.example", nonce="n1", qop="auth", algorithm=SHA-256').filter(
  (one) => one.kind === 'digest',
);
const own = credential({ user: 'trunk', realm: 'carrier.example', secret: 's3cret' });
const choice = chooseChallenge({ challenges, credentialsFor: () => own });
if (!choice.ok) throw new Error(choice.code);
const answer = answerChallenge({
  challenge: choice.challenge,
  credential: choice.credential,
  method: 'INVITE',
  uri: 'sip:+15550142@carrier.example',
  nc: 1,
});
console.log(answer.ok ? `${answer.headerValue.slice(0, 28)}… ${choice.algorithm.name}` : answer.code);
