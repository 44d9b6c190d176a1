import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DIGEST_ALGORITHMS, type DigestAlgorithmName } from '../../src/digest/algorithm.ts';
import { Authenticator, type AuthenticatorOptions, type SecretLookup } from '../../src/digest/authenticator.ts';
import { type AnswerOptions, answerChallenge } from '../../src/digest/authorization.ts';
import { credential } from '../../src/digest/credentials.ts';
import { computeResponse, userHa1 } from '../../src/digest/digest.ts';
import { NonceMint } from '../../src/digest/nonce.ts';
import { LocalNonceUses } from '../../src/digest/nonce-use.ts';
import { parseAuthenticationInfo, parseChallenges, parseCredentials } from '../../src/message/auth-header.ts';

const REALM = 'example.com';
const alice = credential({ user: 'alice', realm: REALM, secret: 'secret' });
const secretFor: SecretLookup = ({ username }) => (username === 'alice' ? alice : undefined);

function guard(options: Partial<AuthenticatorOptions> = {}): Authenticator {
  return new Authenticator({ realm: REALM, hop: 'www', nonces: new NonceMint(), ...options });
}

function answerTo(header: string | undefined, options: Partial<AnswerOptions> = {}): string {
  const [challenge] = parseChallenges(header ?? '');
  assert.ok(challenge?.kind === 'digest');
  const result = answerChallenge({
    challenge,
    credential: alice,
    method: 'REGISTER',
    uri: 'sip:example.com',
    body: 'BODY',
    nc: 1,
    ...options,
  });
  assert.ok(result.ok);
  return result.headerValue;
}

function verify(authenticator: Authenticator, header: string, uses?: LocalNonceUses) {
  const request = { credentials: parseCredentials(header), method: 'REGISTER', body: 'BODY' };
  const verdict = authenticator.verify(request, secretFor, uses);
  return verdict.ok ? 'ok' : `${verdict.code}${verdict.stale ? ' stale' : ''}`;
}

const QOPS = [[], ['auth'], ['auth-int']] as const;

for (const { name, hash } of DIGEST_ALGORITHMS) {
  for (const qop of QOPS) {
    const title = `${name}, qop ${qop[0] ?? 'none'}`;

    test(`our own answer is accepted: ${title}`, () => {
      const authenticator = guard({ algorithms: [name], qop });
      const uses = new LocalNonceUses();
      const [header] = authenticator.challenge();
      assert.equal(verify(authenticator, answerTo(header), uses), 'ok');
      const again = qop.length === 0 ? 'DIGEST_NONCE_REUSED stale' : 'ok';
      assert.equal(verify(authenticator, answerTo(header, { nc: 2 }), uses), again);
      const ha1 = credential({ ...alice, secret: userHa1(hash, 'alice', REALM, 'secret'), ha1: true });
      assert.equal(verify(authenticator, answerTo(header, { credential: ha1 })), 'ok');
    });

    test(`any change of one character is refused: ${title}`, () => {
      const authenticator = guard({ algorithms: [name], qop });
      const header = answerTo(authenticator.challenge()[0]);
      const request = { credentials: parseCredentials(header), method: 'REGISTER', body: 'BODY' };
      const [sent] = request.credentials;
      assert.ok(sent?.kind === 'digest');
      const fields = ['username', 'realm', 'nonce', 'uri', 'response', 'cnonce', 'qop', 'nc', 'algorithm'] as const;
      const present = fields.filter((field) => sent[field] !== '');
      fc.assert(
        fc.property(
          fc.constantFrom(...present),
          fc.nat(),
          fc.integer({ min: 0x21, max: 0xff }),
          (field, index, code) => {
            const before = sent[field];
            const at = index % before.length;
            const character = String.fromCharCode(code);
            // These compare without regard to letter case.
            fc.pre(character.toLowerCase() !== before[at]?.toLowerCase());
            const changed = { ...sent, [field]: before.slice(0, at) + character + before.slice(at + 1) };
            const verdict = authenticator.verify({ ...request, credentials: [changed] }, secretFor);
            assert.equal(verdict.ok, false, `${field}: ${changed[field]}`);
          },
        ),
        { numRuns: 200 },
      );
      assert.equal(authenticator.verify({ ...request, method: 'REGISTEr' }, secretFor).ok, false);
      assert.equal(authenticator.verify({ ...request, body: 'BODy' }, secretFor).ok, qop[0] !== 'auth-int');
    });
  }
}

test('a challenge has the auth module’s order and spacing', () => {
  const authenticator = guard({ algorithms: ['SHA-256', 'MD5'], qop: ['auth', 'auth-int'], opaque: 'o"p' });
  const [first = '', second = ''] = authenticator.challenge(true);
  assert.match(
    first,
    /^Digest realm="example\.com", nonce="[^"]{48}", qop="auth,auth-int", stale=true, algorithm=SHA-256, opaque="o\\"p"$/,
  );
  assert.match(second, /, algorithm=MD5,/);
  assert.match(
    guard({ qop: [] }).challenge()[0] ?? '',
    /^Digest realm="example\.com", nonce="[^"]{48}", algorithm=MD5$/,
  );
});

test('a configuration that cannot be sent is refused at once', () => {
  const invalid = { code: 'DIGEST_CHALLENGE_INVALID' };
  assert.throws(() => guard({ realm: '' }), invalid);
  assert.throws(() => guard({ realm: 'a\r\nb' }), invalid);
  assert.throws(() => guard({ opaque: 'a\nb' }), invalid);
  assert.throws(() => guard({ algorithms: [] }), invalid);
  assert.throws(() => guard({ algorithms: ['SHA-1' as DigestAlgorithmName] }), invalid);
});

test('each refusal has its code, and only a right digest earns stale', () => {
  const at = { now: 1_800_000_000_000 };
  const clock = { wall: () => at.now };
  const authenticator = guard({ nonces: new NonceMint({ clock }) });
  const [challenge] = authenticator.challenge();
  const good = answerTo(challenge);
  assert.equal(verify(authenticator, ''), 'DIGEST_NO_CREDENTIALS');
  assert.equal(verify(authenticator, 'Basic YWxpY2U6c2VjcmV0'), 'DIGEST_NO_CREDENTIALS');
  assert.equal(verify(authenticator, good.replace('realm="', 'realm="x')), 'DIGEST_NO_CREDENTIALS');
  assert.equal(verify(authenticator, good.replace('=MD5', '=SHA-256')), 'DIGEST_ALGORITHM_NOT_OFFERED');
  assert.equal(verify(authenticator, good.replace('=MD5', '=FOO')), 'DIGEST_ALGORITHM_NOT_OFFERED');
  assert.equal(verify(authenticator, good.replace('qop=auth,', 'qop=auth-int,')), 'DIGEST_QOP_NOT_OFFERED');
  assert.equal(verify(authenticator, good.replace('nc=00000001, ', '')), 'DIGEST_CREDENTIALS_INCOMPLETE');
  assert.equal(verify(authenticator, good.replace('nc=00000001', 'nc=zzzzzzzz')), 'DIGEST_CREDENTIALS_INCOMPLETE');
  assert.equal(verify(authenticator, good.replace('"alice"', '"mallory"')), 'DIGEST_USER_UNKNOWN');
  const wrong = answerTo(challenge, { credential: credential({ ...alice, secret: 'guess' }) });
  assert.equal(verify(authenticator, wrong), 'DIGEST_RESPONSE_WRONG');
  assert.equal(verify(guard(), good), 'DIGEST_NONCE_UNKNOWN stale');
  at.now += 400_000;
  assert.equal(verify(authenticator, good), 'DIGEST_NONCE_EXPIRED stale');
  assert.equal(verify(authenticator, wrong), 'DIGEST_RESPONSE_WRONG');
});

test('an answer to a 401 is none to a 407, and one algorithm’s nonce is not another’s', () => {
  const nonces = new NonceMint();
  const www = guard({ nonces, algorithms: ['SHA-256', 'MD5'] });
  const [sha, md5] = www.challenge();
  assert.equal(verify(guard({ nonces, hop: 'proxy' }), answerTo(md5)), 'DIGEST_NONCE_UNKNOWN stale');
  assert.equal(verify(www, answerTo(sha?.replace('SHA-256', 'MD5'))), 'DIGEST_NONCE_UNKNOWN stale');
  assert.equal(verify(www, answerTo(sha)), 'ok');
});

test('a replay is refused, and garbage does not use up a nonce', () => {
  const authenticator = guard();
  const uses = new LocalNonceUses();
  const [challenge] = authenticator.challenge();
  const good = answerTo(challenge);
  const garbage = good.replace(/response="./, 'response="x');
  assert.equal(verify(authenticator, garbage, uses), 'DIGEST_RESPONSE_WRONG');
  assert.equal(verify(authenticator, good, uses), 'ok');
  assert.equal(verify(authenticator, good, uses), 'DIGEST_NONCE_REUSED stale');
  assert.equal(verify(authenticator, answerTo(challenge, { nc: 2 }), uses), 'ok');
});

test('dropping the qop does not escape the nonce count, unless old clients are allowed', () => {
  const authenticator = guard();
  const [challenge = ''] = authenticator.challenge();
  const old = answerTo(challenge.replace(', qop="auth"', ''));
  assert.equal(verify(authenticator, old), 'DIGEST_QOP_NOT_OFFERED');
  const tolerant = guard({ acceptMissingQop: true });
  const uses = new LocalNonceUses();
  const answer = answerTo(tolerant.challenge()[0]?.replace(', qop="auth"', ''));
  assert.equal(verify(tolerant, answer, uses), 'ok');
  assert.equal(verify(tolerant, answer, uses), 'DIGEST_NONCE_REUSED stale');
});

test('habits of real clients are accepted', () => {
  const authenticator = guard();
  const header = answerTo(authenticator.challenge()[0]);
  assert.equal(verify(authenticator, header.replace(', algorithm=MD5', '')), 'ok');
  assert.equal(verify(authenticator, header.replace('=MD5', '="md5"').replace('qop=auth', 'qop="auth"')), 'ok');
  assert.equal(
    verify(
      authenticator,
      header.replace(/response="(.*?)"/, (_, hex: string) => `response="${hex.toUpperCase()}"`),
    ),
    'ok',
  );
  assert.equal(verify(authenticator, `Basic eDp5, ${header}`), 'ok');
  assert.equal(verify(authenticator, `Digest username="x", realm="${REALM}", ${header}`), 'ok');
});

test('a stored HA1 that does not fit the algorithm is a fault of ours, not a wrong password', () => {
  const authenticator = guard({ algorithms: ['SHA-256'] });
  const credentials = parseCredentials(answerTo(authenticator.challenge()[0]));
  const md5Only = credential({ ...alice, secret: 'a'.repeat(32), ha1: true });
  const verdict = authenticator.verify({ credentials, method: 'REGISTER' }, () => md5Only);
  assert.equal(verdict.ok ? '' : verdict.code, 'DIGEST_HA1_INVALID');
});

test('secrets and uses may come later', async () => {
  const authenticator = guard();
  const uses = new LocalNonceUses();
  const store = { use: async (use: Parameters<LocalNonceUses['use']>[0]) => uses.use(use) };
  const request = {
    credentials: parseCredentials(answerTo(authenticator.challenge()[0])),
    method: 'REGISTER',
    body: 'BODY',
  };
  assert.equal((await authenticator.verifyAsync(request, async () => alice, store)).ok, true);
  const replay = await authenticator.verifyAsync(request, async () => alice, store);
  assert.equal(replay.ok ? '' : replay.code, 'DIGEST_NONCE_REUSED');
});

test('the server proves itself in Authentication-Info', () => {
  const authenticator = guard({ algorithms: ['SHA-256-sess'], qop: ['auth-int'] });
  const credentials = parseCredentials(answerTo(authenticator.challenge()[0], { cnonce: 'c' }));
  const proven = authenticator.verify({ credentials, method: 'REGISTER', body: 'BODY' }, secretFor);
  assert.ok(proven.ok);
  const info = parseAuthenticationInfo(authenticator.authenticationInfo(proven, 'REPLY', true) ?? '');
  const { nonce, uri } = proven.credentials;
  const ha1 = userHa1('SHA-256', 'alice', REALM, 'secret');
  const { algorithm } = proven;
  const expected = {
    algorithm,
    ha1,
    method: '',
    uri,
    nonce,
    qop: 'auth-int',
    nc: '00000001',
    cnonce: 'c',
    body: 'REPLY',
  };
  assert.equal(info.rspauth, computeResponse(expected));
  assert.deepEqual([info.qop, info.cnonce, info.nc], ['auth-int', 'c', '00000001']);
  const [challenge = ''] = authenticator.challenge();
  const next = challenge.replace(/nonce="[^"]*"/, `nonce="${info.nextnonce}"`);
  assert.equal(verify(authenticator, answerTo(next)), 'ok');
  assert.ok(!JSON.stringify(proven).includes(ha1));
});
