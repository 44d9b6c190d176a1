/**
 * Outbound calls through a carrier that wants digest authentication: examples/trunk/kamailio.cfg in TypeScript.
 *
 *     trunkline run routes.ts        (--watch loads it again whenever it is saved)
 */
import { defineConfig, type FailureHandler, type RequestHandler } from 'trunkline';

const CARRIER = process.env.CARRIER ?? 'sip:127.0.0.1:5080';
const USER = process.env.TRUNK_USER ?? 'test';
const PASSWORD = process.env.TRUNK_PASSWORD ?? 'test';

export const config = defineConfig({
  listen: 'udp:127.0.0.1:5070',
  modules: {
    tm: { wt_timer: 32000 },
    uac: { restore_mode: 'auto', credential: [`${USER}:carrier.example:${PASSWORD}`] },
  },
  core: { debug: 2 },
});

export const request: RequestHandler = (request) => {
  // CANCEL, ACK and whatever belongs to a call that is there
  if (request.routeWithinDialog()) return;
  if (request.method !== 'INVITE') {
    request.reply(405);
    return;
  }
  // outside, the call shows the trunk; inside, the caller
  request.replaceFrom({ display: '', uri: 'sip:anonymous@anonymous.invalid' });
  request.relay({ to: CARRIER, onFailure: answerChallenge });
};

const answerChallenge: FailureHandler = (failure) => {
  if (failure.canceled || !failure.challenged) return;
  failure.log.notice(`${failure.status} from the carrier: answering the challenge as ${USER}`);
  if (failure.authenticate()) failure.relay();
};
