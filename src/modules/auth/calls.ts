/** What the calls of a configuration say of the dialect that it is written in, and which of them can never work. */
import { algorithmList, qopList } from '../../auth/offer.ts';
import type { Flavour } from '../../auth/outcome.ts';
import { isRealm, withoutPrefix } from '../../auth/realm.ts';
import type { CallFinding, KnownCall } from '../../script/module-definition.ts';
import { challengeFlavour, isWorded, realmText } from './challenge.ts';
import type { AuthModule } from './instance.ts';

/** Dialects that have a form of call which no other has. */
export function shapesOf(calls: readonly KnownCall[]): ReadonlySet<Flavour> {
  return new Set(calls.map(shapeOf).filter((shape) => shape !== null));
}

function shapeOf({ module, name, args }: KnownCall): Flavour | null {
  if (module === 'auth_db') {
    const kamailio = name.endsWith('_authenticate') || name === 'auth_check';
    return kamailio || (name === 'www_authorize' && args.length === 3) ? 'kamailio' : null;
  }
  if (module !== 'auth') return null;
  if (name.startsWith('pv_')) return args.length === 1 ? 'opensips' : 'kamailio';
  if (name === 'auth_challenge') return 'kamailio';
  if (!isChallenge(name)) return null;
  const [, second] = args;
  if (args.length === 1) return 'opensips';
  const words = second !== undefined && isWorded(`${second}`) && qopList(`${second}`) !== null;
  return words ? 'opensips' : null;
}

function isChallenge(name: string): boolean {
  return name === 'www_challenge' || name === 'proxy_challenge';
}

/** Calls of the module's functions that can never work, as constants show; and challenges after which the script goes on unawares. */
export function reviewCalls(m: AuthModule, calls: readonly KnownCall[]): readonly CallFinding[] {
  return calls.flatMap((call): CallFinding[] => {
    if (call.module === 'siputils') return rpidFinding(m, call);
    if (call.module !== 'auth') return [];
    const message = isChallenge(call.name) ? challengeProblem(m, call) : problem(m, call);
    if (message !== null) return [{ call, severity: 'error', message }];
    if (m.known !== null || !call.goesOn || !isChallenge(call.name) || flavourOf(m, call) !== 'kamailio') return [];
    return [
      {
        call,
        severity: 'warning',
        message: 'ends the script on OpenSER and OpenSIPS and not on Kamailio, and nothing here says which is meant',
        hint: 'write modparam("auth", "flavour", "openser"), or exit after the call if it is Kamailio’s',
      },
    ];
  });
}

/** Functions of Remote-Party-ID are in siputils as well: of the one that was loaded first. */
function rpidFinding({ settings }: AuthModule, call: KnownCall): CallFinding[] {
  const [said] = settings.rpidSaid;
  if (said === undefined || !/^(?:append_rpid_hf|is_rpid_user_e164)$/.test(call.name)) return [];
  const message = `is that of siputils, which does not know ${said} of auth`;
  return [{ call, severity: 'warning', message, hint: 'load auth before siputils, or set the parameter for siputils' }];
}

function flavourOf(m: AuthModule, { args }: KnownCall): Flavour {
  const [realm, second] = args;
  const worded = args.length === 1 || (second !== undefined && isWorded(`${second}`));
  return challengeFlavour(m, worded, realm === '');
}

function challengeProblem(m: AuthModule, call: KnownCall): string | null {
  const [realm, second, algorithms] = call.args;
  const flavour = flavourOf(m, call);
  if (flavour === 'kamailio') {
    if (call.args.length === 1) return 'Kamailio’s has flags after the realm (AUTH_BAD_ARGUMENT)';
    if (second !== undefined && isWorded(`${second}`)) return `the flags "${second}" are no number (AUTH_BAD_ARGUMENT)`;
  } else if (second !== undefined && qopList(`${second}`) === null) return `"${second}" is no qop (AUTH_QOP)`;
  return (
    (flavour !== 'kamailio' && realm === '' ? null : realmProblem(m, realm, flavour)) ??
    algorithmProblem(algorithms, flavour !== 'kamailio')
  );
}

/** Of a function that only Kamailio has, or that is the same everywhere. */
function problem(m: AuthModule, { name, args }: KnownCall): string | null {
  const [first, second, third] = args;
  if (name === 'auth_algorithm') return algorithmProblem(first, false);
  if (name === 'auth_get_www_authenticate') return realmProblem(m, first, 'kamailio');
  if (name === 'auth_challenge') return realmProblem(m, first, 'kamailio') ?? algorithmProblem(third, false);
  if (!name.startsWith('pv_') || args.length === 1) return null;
  if (second === '') return 'an empty password lets nobody in (AUTH_BAD_ARGUMENT)';
  return realmProblem(m, first, 'kamailio');
}

/** @param realm undefined where it is only known when it is called */
export function realmProblem(m: AuthModule, realm: KnownCall['args'][number], flavour: Flavour): string | null {
  if (realm === undefined) return null;
  const text = realmText(realm);
  if (isRealm(flavour === 'kamailio' ? withoutPrefix(text, m.settings.realmPrefix) : text)) return null;
  return `"${text}" is no realm (AUTH_REALM)`;
}

/** @param optional whether an empty list is as good as none */
function algorithmProblem(list: KnownCall['args'][number], optional: boolean): string | null {
  if (list === undefined || (optional && `${list}`.trim() === '')) return null;
  return algorithmList(`${list}`, false) === null ? `"${list}" has an unknown algorithm (AUTH_ALGORITHM)` : null;
}
