const MEDIA =
  'media relaying is not there yet: RTP goes between the endpoints as their SDP says; signalling behind NAT (nathelper) works';
const PRESENCE = 'there is no presence server: PUBLISH and SUBSCRIBE can be relayed to one';

/** What is missing where a module is not offered, and what works without it. */
export const MISSING_MODULES: ReadonlyMap<string, string> = new Map([
  ['rtpproxy', MEDIA],
  ['rtpengine', MEDIA],
  ['mediaproxy', MEDIA],
  ['rtp_media_server', MEDIA],
  ['lrkproxy', MEDIA],
  ['presence', PRESENCE],
  ['presence_xml', PRESENCE],
]);
