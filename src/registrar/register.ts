import type { Contact } from '../message/contact.ts';
import type { SipMessage } from '../message/message.ts';
import { paramValue } from '../message/name-addr.ts';
import { parseUri, uriParam } from '../message/uri.ts';
import { type Binding, type BindingFields, type ContactAttributes, MEMORY_ONLY } from './binding.ts';
import type { Bindings } from './bindings.ts';
import { contactHeader, REFUSALS, type Refusal } from './register-reply.ts';
import { contactMethods, contactQ, pathReceived, type RegisterRequest, readRegister } from './register-request.ts';
import type { RegistrarSettings } from './settings.ts';

/** Kamailio's codes of save(). */
export const INSERTED = 1;
export const UPDATED = 2;
export const DELETED = 3;
export const LISTED = 4;
export const FAILED = -1;
export const TOO_MANY = -2;

/** What a save() gives besides the message. */
export interface RegisterOccasion {
  /** Key of the address of record. */
  readonly aor: string;
  /** user@host of its URI, for GRUUs. */
  readonly address: string;
  /** Seconds since 1970. */
  readonly now: number;
  /** Where the request came from, as a URI, when that is to be kept (received_avp, fix_nated_register). */
  readonly received: string;
  /** Socket that took it, as text. */
  readonly socket: string;
  /** Connection it came by, -1 for none. */
  readonly connection: number;
  readonly cflags: number;
  /** All other contacts of the address of record go. */
  readonly replace: boolean;
  /** Not for a database. */
  readonly memoryOnly: boolean;
  /** No percentage by which times vary. */
  readonly exact: boolean;
  /** What the script orders for this one request (xavp_cfg); undefined: the settings'. */
  readonly orders: {
    readonly maxContacts: number | undefined;
    readonly expires: number | undefined;
    readonly q: number | undefined;
  };
  /** What the script keeps with the contacts, null for nothing. */
  readonly attributes: ContactAttributes | null;
  /** Makes the name of a contact. */
  readonly ruid: () => string;
  /** An integer of 0 … 2^32-1. */
  readonly random: () => number;
}

/** What became of a REGISTER. */
export interface RegisterResult {
  /** Code of save(). */
  readonly code: number;
  readonly status: number;
  readonly reason: string;
  /** Header lines of the reply, each with CRLF. */
  readonly headers: string;
  /** Why it was refused; null when it was not. */
  readonly refusal: Refusal | null;
  /** Names of contacts that were added, changed or removed. */
  readonly changed: readonly string[];
}

/** Longest time that is kept: 68 years would leave 32 bits. */
const LONGEST = 0x3fffffff;

/** One contact's part, worked out before anything is changed. */
interface Step {
  readonly old: Binding | null;
  /** Null: it goes. */
  readonly fields: BindingFields | null;
}

/**
 * Handles a REGISTER (RFC 3261 §10.3): reads it, decides, and changes the table, all of it or nothing.
 * @param message the request, or the 2xx to one that was relayed
 */
export function register(
  bindings: Bindings,
  message: SipMessage,
  occasion: RegisterOccasion,
  settings: RegistrarSettings,
): RegisterResult {
  const request = readRegister(message);
  if (typeof request === 'string') return refused(request, '', settings);
  const long = request.contacts.some(({ addr }) => addr.uri.length > settings.contactMaxSize);
  if (long) return refused('contact-length', '', settings);
  const { aor, now } = occasion;
  const outbound = outboundOf(request, settings);
  if (outbound === 'outbound-edge' || outbound === 'outbound-unsupported' || outbound === 'outbound-unknown')
    return refused(outbound, '', settings);
  if (request.star) {
    const changed = removeAll(bindings, aor);
    return granted(DELETED, changed, '', request, settings, outbound);
  }
  const list = (): string => contactHeader(bindings.list(aor, now), writing(request, occasion, settings));
  if (request.contacts.length === 0) return granted(LISTED, [], list(), request, settings, outbound);
  const plan = planOf(bindings, request, occasion, settings, outbound);
  if (typeof plan === 'string') return refused(plan, list(), settings, request.path ?? '');
  const most = occasion.orders.maxContacts ?? settings.maxContacts;
  if (most > 0 && countAfter(bindings, plan, occasion) > most) return refused('too-many', list(), settings);
  const { code, changed } = apply(bindings, plan, occasion);
  return granted(code, changed, list(), request, settings, outbound);
}

/** A REGISTER whose address of record is unreadable, or that failed before. */
export function refused(refusal: Refusal, contacts: string, settings: RegistrarSettings, path = ''): RegisterResult {
  const [status, reason, text] = REFUSALS[refusal];
  let headers = contacts;
  if (refusal === 'path-unsupported') headers += `Unsupported: path\r\nPath: ${path}\r\n`;
  if (refusal === 'outbound-unknown') headers += 'Unsupported: outbound\r\n';
  if (refusal === 'outbound-unsupported') headers += 'Require: outbound\r\nSupported: outbound\r\n';
  if (refusal === 'too-brief') headers += `Min-Expires: ${settings.minExpires}\r\n`;
  headers += `P-Registrar-Error: ${text}\r\n`;
  if (settings.retryAfter > 0 && status >= 500) headers += `Retry-After: ${settings.retryAfter}\r\n`;
  const code = refusal === 'too-many' ? TOO_MANY : FAILED;
  return { code, status, reason, headers, refusal, changed: [] };
}

function granted(
  code: number,
  changed: readonly string[],
  contacts: string,
  request: RegisterRequest,
  settings: RegistrarSettings,
  outbound: 'off' | 'offered' | 'used',
): RegisterResult {
  let headers = contacts;
  const { path, supported } = request;
  const shown = settings.pathMode === 2 || (settings.pathMode === 1 && supported.has('path'));
  if (settings.usePath && path !== null && path !== '' && shown) headers += `Path: ${path}\r\n`;
  if (outbound !== 'off') headers += 'Supported: outbound\r\n';
  if (outbound === 'used') {
    headers += 'Require: outbound\r\n';
    if (settings.flowTimer > 0) headers += `Flow-Timer: ${settings.flowTimer}\r\n`;
  }
  return { code, status: 200, reason: 'OK', headers, refusal: null, changed };
}

function writing(request: RegisterRequest, occasion: RegisterOccasion, settings: RegistrarSettings) {
  const gruu = settings.gruu && request.supported.has('gruu');
  return { now: occasion.now, receivedParam: settings.receivedParam, gruuFor: gruu ? occasion.address : null };
}

/** Whether flows are used (RFC 5626 §6): both sides must know them, and the proxy nearest to the client too. */
function outboundOf(
  request: RegisterRequest,
  settings: RegistrarSettings,
): 'off' | 'offered' | 'used' | 'outbound-unknown' | 'outbound-unsupported' | 'outbound-edge' {
  if (settings.outboundMode === 0) return request.required.has('outbound') ? 'outbound-unknown' : 'off';
  if (!request.supported.has('outbound')) return settings.outboundMode === 2 ? 'outbound-unsupported' : 'offered';
  if (request.hops > 1) {
    const edge = parseUri(request.edgePath);
    if (edge === null || uriParam(edge, 'ob') === undefined) return 'outbound-edge';
  }
  return request.contacts.some(({ addr }) => regIdOf(addr.params) > 0) ? 'used' : 'offered';
}

function regIdOf(params: string): number {
  const text = paramValue(params, 'reg-id') ?? '';
  const number = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  return number;
}

function removeAll(bindings: Bindings, aor: string): string[] {
  const changed: string[] = [];
  for (let one = bindings.first(aor); one !== null; ) {
    const { next } = one;
    changed.push(one.ruid);
    bindings.remove(one);
    one = next;
  }
  return changed;
}

/** What is to be done for each contact; a refusal when one of them cannot be. */
function planOf(
  bindings: Bindings,
  request: RegisterRequest,
  occasion: RegisterOccasion,
  settings: RegistrarSettings,
  outbound: 'off' | 'offered' | 'used',
): Step[] | Refusal {
  const { path, supported } = request;
  if (settings.usePath) {
    if (path === null) return 'path-parse';
    if (path !== '' && settings.pathMode === 2 && !supported.has('path')) return 'path-unsupported';
  }
  // One whose time is over is still the same contact until it is swept: it is taken up again, and does not stand there twice.
  const there = bindings.of(occasion.aor);
  const steps = new Map<Binding | string, Step>();
  for (const contact of request.contacts) {
    const seconds = secondsOf(contact, request, occasion, settings);
    if (seconds === 'too-brief') return seconds;
    const fields = fieldsOf(contact, seconds, request, occasion, settings, outbound);
    if (fields === 'q') return fields;
    const old = there.find((binding) => same(binding, fields, settings)) ?? null;
    if (old?.valid(occasion.now) === true && old.callId === request.callId) {
      if (request.cseq < old.cseq) return 'cseq';
      if (request.cseq === old.cseq) {
        // A repetition: answered, and nothing changes.
        if (occasion.now > old.modified + settings.cseqDelay) return 'cseq';
        continue;
      }
    }
    // Of two that are the same contact, the later in this order counts: the first as written in one header.
    const key = old ?? `${fields.uri} ${fields.instance} ${fields.regId}`;
    if (seconds > 0) steps.set(key, { old, fields });
    else if (old !== null) steps.set(key, { old, fields: null });
    else steps.delete(key);
  }
  return [...steps.values()];
}

/** Seconds that a contact is granted; 0 when it goes. */
function secondsOf(
  contact: Contact,
  request: RegisterRequest,
  { orders, exact, random }: RegisterOccasion,
  settings: RegistrarSettings,
): number | 'too-brief' {
  let seconds = contact.expires >= 0 ? contact.expires : request.expires;
  if (seconds === 0) return 0;
  if (orders.expires !== undefined) seconds = orders.expires;
  else if (seconds < 0) {
    seconds = settings.defaultExpires;
    const range = settings.defaultExpiresRange;
    if (range > 0 && !exact) seconds += Math.round((seconds * range * (random() / 0x7fffffff - 1)) / 100);
  }
  const { minExpires, maxExpires, expiresRange } = settings;
  if (seconds < minExpires) {
    if (settings.minExpiresRefuse) return 'too-brief';
    seconds = minExpires;
  }
  if (expiresRange > 0 && !exact) {
    seconds -= Math.floor((seconds * expiresRange * (random() / 0x100000000)) / 100);
    seconds = Math.max(seconds, minExpires, 1);
  }
  if (maxExpires > 0) seconds = Math.min(seconds, maxExpires);
  return Math.min(seconds, LONGEST);
}

function fieldsOf(
  contact: Contact,
  seconds: number,
  request: RegisterRequest,
  occasion: RegisterOccasion,
  settings: RegistrarSettings,
  outbound: 'off' | 'offered' | 'used',
): BindingFields | 'q' {
  const { params, uri } = contact.addr;
  const asked = contactQ(contact);
  if (occasion.orders.q === undefined && asked === null) return 'q';
  const q = occasion.orders.q ?? (asked === null || asked < 0 ? settings.defaultQ : asked);
  let received = occasion.received;
  const own = paramValue(params, settings.receivedParam);
  if (received === '' && own !== undefined && parseUri(own) !== null) received = own;
  if (settings.usePath && settings.pathUseReceived && request.firstPath !== '')
    received = pathReceived(request.firstPath) || received;
  const instance = paramValue(params, '+sip.instance') ?? '';
  const withRegId = instance !== '' && (outbound === 'used' || !settings.regIdOnlyOutbound);
  return {
    uri,
    expires: occasion.now + seconds,
    q,
    callId: request.callId,
    cseq: request.cseq,
    flags: occasion.memoryOnly ? MEMORY_ONLY : 0,
    cflags: occasion.cflags,
    userAgent: request.userAgent,
    received: plain(received),
    path: settings.usePath ? (request.path ?? '') : '',
    socket: occasion.socket,
    methods: contactMethods(contact, request.allow),
    instance: plain(instance),
    regId: withRegId ? regIdOf(params) : 0,
    serverId: settings.serverId,
    connection: occasion.connection,
    modified: occasion.now,
    attributes: occasion.attributes,
  };
}

/** Goes back into quotes of a Contact: what would end them is no part of a URI. */
function plain(text: string): string {
  return text.replace(/["\\\x00-\x1f]/g, '');
}

/** Whether a contact is the one that is there (RFC 3261 §10.3 step 7; RFC 5626 §6 for instances; usrloc matching_mode). */
function same(binding: Binding, fields: BindingFields, settings: RegistrarSettings): boolean {
  if (fields.instance !== '') return binding.instance === fields.instance && binding.regId === fields.regId;
  switch (settings.matching) {
    case 'contact':
      return binding.uri === fields.uri;
    case 'contact-callid':
      return binding.uri === fields.uri && binding.callId === fields.callId;
    case 'contact-path':
      return binding.uri === fields.uri && binding.path === fields.path;
    case 'callid':
      return binding.callId === fields.callId;
  }
}

function countAfter(bindings: Bindings, plan: readonly Step[], { aor, now, replace }: RegisterOccasion): number {
  let count = replace ? 0 : bindings.list(aor, now).length;
  for (const { old, fields } of plan) {
    const counted = !replace && old?.valid(now) === true;
    if (fields === null) count -= counted ? 1 : 0;
    else if (!counted) count++;
  }
  return count;
}

function apply(
  bindings: Bindings,
  plan: readonly Step[],
  { aor, ruid, replace }: RegisterOccasion,
): { readonly code: number; readonly changed: readonly string[] } {
  let code = INSERTED;
  const changed: string[] = [];
  if (replace && plan.some(({ fields }) => fields !== null)) {
    const kept = new Set(plan.map(({ old }) => old));
    for (let one = bindings.first(aor); one !== null; ) {
      const { next } = one;
      if (!kept.has(one)) {
        changed.push(one.ruid);
        bindings.remove(one);
      }
      one = next;
    }
  }
  for (const { old, fields } of plan) {
    if (old === null) {
      if (fields === null) continue;
      changed.push(bindings.add(aor, ruid, fields).ruid);
      code = INSERTED;
      continue;
    }
    changed.push(old.ruid);
    if (fields === null) {
      bindings.remove(old);
      code = DELETED;
    } else {
      bindings.update(old, fields);
      code = UPDATED;
    }
  }
  return { code, changed };
}
