/** Which phone answers which challenge, and how: measured, and tried again by phones-digest.test.ts; the table of docs/authentication.md. */

/** A challenge by its row in the page, with the arguments of www_challenge() and proxy_challenge() after the realm. */
interface Challenge {
  readonly call: string;
  readonly title: string;
}

export const CHALLENGES = {
  plain: { call: '"0"', title: 'MD5 without a qop' },
  auth: { call: '"1"', title: 'MD5, qop auth' },
  named: { call: '"1", "MD5"', title: 'the same with `algorithm=MD5`' },
  both: { call: '"auth,auth-int"', title: 'MD5, qop "auth,auth-int"' },
  int: { call: '"2"', title: 'MD5, qop auth-int' },
  sess: { call: '"1", "MD5-sess"', title: 'MD5-sess' },
  sha256: { call: '"1", "SHA-256"', title: 'SHA-256' },
  sha256both: { call: '"auth,auth-int", "SHA-256"', title: 'SHA-256, qop "auth,auth-int"' },
  sha256sess: { call: '"1", "SHA-256-sess"', title: 'SHA-256-sess' },
  sha512: { call: '"1", "SHA-512-256"', title: 'SHA-512-256' },
  sha256first: { call: '"1", "SHA-256,MD5"', title: 'SHA-256, then MD5' },
  md5first: { call: '"1", "MD5,SHA-256"', title: 'MD5, then SHA-256' },
  sha512first: { call: '"1", "SHA-512-256,MD5"', title: 'SHA-512-256, then MD5' },
  all: { call: '"1", "SHA-512-256,SHA-256,MD5"', title: 'SHA-512-256, SHA-256, MD5' },
} as const satisfies Readonly<Record<string, Challenge>>;

export type ChallengeName = keyof typeof CHALLENGES;

/** The phones, as the page's columns call them. */
export const CLIENTS = {
  baresip: 'baresip 1.0',
  linphone: 'linphone 5.1',
  twinkle: 'Twinkle 1.10',
  sipp: 'SIPp 3.6',
  sipsak: 'sipsak 0.9.8',
} as const;

export type Client = keyof typeof CLIENTS;

/** What a phone does that cannot answer. */
export const REFUSALS = [
  /** It sends no credentials. */
  'nothing',
  /** It sends some whose response no server can find right. */
  'wrong',
  /** It answers as if MD5 with qop auth had been asked for. */
  'MD5 auth, unasked',
] as const;

export type Refusal = (typeof REFUSALS)[number];

/** The algorithm and qop that a phone answers with; or what it does instead. */
export type Answer = 'MD5' | 'MD5 auth' | 'MD5 auth-int' | 'SHA-256 auth' | Refusal;

export function isRefusal(answer: Answer): answer is Refusal {
  return (REFUSALS as readonly string[]).includes(answer);
}

const row = (
  baresip: Answer,
  linphone: Answer,
  twinkle: Answer,
  sipp: Answer,
  sipsak: Answer,
): Readonly<Record<Client, Answer>> => ({
  baresip,
  linphone,
  twinkle,
  sipp,
  sipsak,
});

export const UNASKED = 'MD5 auth, unasked';

export const ANSWERS: Readonly<Record<ChallengeName, Readonly<Record<Client, Answer>>>> = {
  plain: row('MD5', 'MD5', 'MD5', 'MD5', 'MD5'),
  auth: row('MD5 auth', 'MD5 auth', 'MD5 auth', 'MD5 auth', 'MD5 auth'),
  named: row('MD5 auth', 'MD5 auth', 'MD5 auth', 'MD5 auth', 'MD5 auth'),
  both: row('MD5 auth', 'MD5 auth', 'MD5 auth', 'MD5 auth-int', 'MD5 auth'),
  int: row(UNASKED, 'nothing', 'MD5 auth-int', 'MD5 auth-int', UNASKED),
  sess: row('nothing', 'nothing', 'nothing', 'wrong', UNASKED),
  sha256: row('nothing', 'SHA-256 auth', 'nothing', 'nothing', 'nothing'),
  sha256both: row('nothing', 'SHA-256 auth', 'nothing', 'nothing', 'nothing'),
  sha256sess: row('nothing', 'nothing', 'nothing', 'nothing', 'nothing'),
  sha512: row('nothing', 'nothing', 'nothing', 'nothing', 'nothing'),
  sha256first: row('nothing', 'SHA-256 auth', 'MD5 auth', 'nothing', 'nothing'),
  md5first: row('nothing', 'MD5 auth', 'nothing', 'MD5 auth', 'MD5 auth'),
  sha512first: row('nothing', 'nothing', 'MD5 auth', 'nothing', 'nothing'),
  all: row('nothing', 'nothing', 'MD5 auth', 'nothing', 'nothing'),
};

export const NAMES = Object.keys(CHALLENGES) as ChallengeName[];

/** The table as the page has it. */
export function matrixTable(): string {
  const clients = Object.keys(CLIENTS) as Client[];
  const cell = (answer: Answer): string =>
    answer === 'nothing' ? '–' : answer === 'wrong' ? 'wrong' : answer === UNASKED ? 'MD5 auth: refused' : answer;
  const lines = [
    ['challenge', ...clients.map((client) => CLIENTS[client])],
    ['---', ...clients.map(() => '---')],
    ...NAMES.map((name) => [CHALLENGES[name].title, ...clients.map((client) => cell(ANSWERS[name][client]))]),
  ];
  return lines
    .map((cells) => `| ${cells.join(' | ')} |\n`)
    .join('')
    .replaceAll('| --- ', '|---')
    .replaceAll('--- |\n', '---|\n');
}
