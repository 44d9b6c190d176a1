/** trunk.cfg in TypeScript: identity replaced, carrier's challenge answered. */
import { defineConfig, type FailureHandler, type RequestHandler } from 'trunkline';

export const config = defineConfig({
  modules: {
    tm: { failure_reply_mode: 3, fr_timer: 30000 },
    rr: { append_fromtag: 1 },
    uac: {
      restore_mode: 'auto',
      auth_username_avp: '$avp(auser)',
      auth_password_avp: '$avp(apass)',
      auth_realm_avp: '$avp(arealm)',
    },
  },
  core: { debug: 0, disable_tcp: true },
});

const CARRIER = `sip:127.0.0.1:${process.env.CARRIER_PORT}`;

export const request: RequestHandler = (request) => {
  if (request.routeWithinDialog()) return;
  if (request.method !== 'INVITE') {
    request.reply(405);
    return;
  }
  request.replaceFrom({ uri: 'sip:trunk@carrier.example.com' });
  request.relay({ to: CARRIER, onFailure: answerChallenge });
};

const answerChallenge: FailureHandler = (failure) => {
  if (failure.canceled || !failure.challenged) return;
  failure.ksr.pv.sets('$avp(auser)', 'test');
  failure.ksr.pv.sets('$avp(apass)', 'test');
  if (failure.authenticate()) failure.relay();
};
