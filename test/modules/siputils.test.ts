import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EditList } from '../../src/message/edits.ts';
import { siputils } from '../../src/modules/siputils.ts';
import type { ScriptContext } from '../../src/script/context.ts';
import { ROUTE_CORE_ONREPLY, type Value } from '../../src/script/values.ts';
import { request as invite, sentTo } from '../proxy/support.ts';
import { authorize } from './authorized.ts';
import { ModuleBench } from './proxy-bench.ts';
import { cell, context, forwardedHeaders, load, parsed, replyContext, request, testHost } from './support.ts';

const host = testHost({ myself: ['my.example.org'] });
const module = load(siputils, host);

function call(ctx: ScriptContext, name: string, ...args: unknown[]): number {
  return module.call(ctx, name, ...args) as number;
}

function variable(value: Value = null): ReturnType<typeof cell> {
  return cell(new Map<string, Value>([['$var(x)', value]]), '$var(x)');
}

function headers(ctx: ScriptContext, name: string): string[] {
  return forwardedHeaders(ctx).filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`));
}

function reply(recordRoute: string): ScriptContext {
  const message = parsed(
    'SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b@c>;tag=2\r\nCall-ID: c\r\n' +
      `CSeq: 1 INVITE\r\n${recordRoute}\r\n`,
  );
  return replyContext(host, message, ROUTE_CORE_ONREPLY, new EditList());
}

describe('messages', () => {
  test('kind, to-tag, hops, options', () => {
    const ctx = context(host, request({ headers: 'Supported: path,100rel\r\nk: timer\r\n' }));
    assert.equal(call(ctx, 'is_request'), 1);
    assert.equal(call(ctx, 'is_reply'), -1);
    assert.equal(call(ctx, 'is_sip'), 1);
    assert.equal(call(ctx, 'is_http'), -1);
    assert.equal(call(ctx, 'sip_parse_headers'), 1);
    assert.equal(call(ctx, 'has_totag'), -1);
    assert.equal(call(context(host, request({ to: '<sip:b@c>;tag=1' })), 'has_totag'), 1);
    assert.equal(call(ctx, 'is_first_hop'), 1);
    const second = request({ headers: 'Via: SIP/2.0/UDP x;branch=z9hG4bKq\r\n' });
    assert.equal(call(context(host, second), 'is_first_hop', 0), -1);
    for (const option of ['path', '100rel', 'timer']) assert.equal(call(ctx, 'is_supported', option), 1);
    assert.equal(call(ctx, 'is_supported', 'gruu'), -1);
  });

  test('first hop of a reply', () => {
    assert.equal(call(reply(''), 'is_reply'), 1);
    assert.equal(call(reply(''), 'is_first_hop'), 1);
    assert.equal(call(reply('Record-Route: <sip:127.0.0.1;lr>\r\n'), 'is_first_hop'), 1);
    assert.equal(call(reply('Record-Route: <sip:my.example.org;lr>\r\n'), 'is_first_hop'), -1);
    assert.equal(call(reply('Record-Route: <sip:my.example.org;lr>\r\n'), 'is_first_hop', 1), 1);
    assert.equal(call(reply('Record-Route: <sip:other;lr>\r\n'), 'is_first_hop', 1), -1);
  });

  test('options_reply', () => {
    const own = testHost();
    const options = load(siputils, own, { options_accept: 'application/sdp' });
    const ctx = context(own, request({ method: 'OPTIONS', ruri: 'sip:my.example.org', body: '' }));
    assert.equal(options.call(ctx, 'options_reply'), 1);
    assert.deepEqual(own.replies, ['200 OK']);
    assert.equal(
      ctx.state.replyHeaders,
      'Accept: application/sdp\r\nAccept-Encoding: \r\nAccept-Language: en\r\nSupported: \r\n',
    );
    assert.equal(options.call(context(own, request({ method: 'OPTIONS' })), 'options_reply'), -1);
    assert.equal(options.call(context(own), 'options_reply'), -1);
    assert.equal(own.replies.length, 1);
  });

  test('is_user asks for verified credentials only', () => {
    const message = request({
      headers: 'Authorization: Digest username="alice", realm="r", nonce="n", uri="sip:x", response="x"\r\n',
    });
    const ctx = context(host, message);
    assert.equal(call(ctx, 'is_user', 'alice'), -1);
    authorize(ctx, 'alice', 'r');
    assert.equal(call(ctx, 'is_user', 'alice'), 1);
    assert.equal(call(ctx, 'is_user', 'bob'), -1);
  });

  test('hdr_date_check', () => {
    const code = (date: string): number => call(context(host, request({ headers: date })), 'hdr_date_check', 10);
    assert.equal(code(''), -1);
    assert.equal(code('Date: xx\r\n'), -1);
    assert.equal(code('Date: Sat, 13 Nov 2010 23:29:00 GMT\r\n'), -4);
    assert.equal(code('Date: Mon, 31 Dec 2029 23:59:55 GMT\r\n'), 1);
    assert.equal(code('Date: Sat, 13 Nov 2060 23:29:00 GMT\r\n'), 1);
  });
});

describe('URIs', () => {
  test('parameters of the Request-URI', () => {
    const ctx = context(host, request({ ruri: 'sip:bob@example.com;transport=udp;lr' }));
    const value = variable();
    assert.equal(call(ctx, 'uri_param', 'lr'), 1);
    assert.equal(call(ctx, 'uri_param', 'transport'), -1);
    assert.equal(call(ctx, 'uri_param', 'transport', 'udp'), 1);
    assert.equal(call(ctx, 'uri_param', 'transport', 'UDP'), -1);
    assert.equal(call(ctx, 'uri_param', 'zz'), -1);
    assert.equal(call(ctx, 'uri_param_any', 'transport'), 1);
    assert.equal(call(ctx, 'uri_param_any', 'zz'), -1);
    assert.equal(call(ctx, 'get_uri_param', 'transport', value), 1);
    assert.equal(value.get(ctx), 'udp');
    assert.equal(call(ctx, 'get_uri_param', 'zz', value), -1);
    assert.equal(call(ctx, 'add_uri_param', 'nat=yes'), 1);
    assert.equal(ctx.target.uri, 'sip:bob@example.com;transport=udp;lr;nat=yes');
    assert.equal(call(ctx, 'add_uri_param', ''), 1);
    assert.equal(call(ctx, 'add_uri_param', 'x y'), -1);
    assert.equal(call(ctx, 'uri_param_rm', 'transport'), 1);
    assert.equal(call(ctx, 'uri_param_rm', 'zz'), 1);
    assert.equal(ctx.target.uri, 'sip:bob@example.com;lr;nat=yes');
  });

  test('comparisons', () => {
    const ctx = context(host);
    for (const [code, name, a, b] of [
      [1, 'cmp_uri', 'sip:a@b', 'sip:a@B'],
      [-1, 'cmp_uri', 'sip:a@b', 'sip:A@b'],
      [-1, 'cmp_uri', 'sip:a@b', 'sip:a@b:5060'],
      [1, 'cmp_uri', 'sip:a@b;transport=udp', 'sip:a@b'],
      [-1, 'cmp_uri', 'sip:a@b;transport=udp', 'sip:a@b;transport=tcp'],
      [1, 'cmp_uri', 'sip:a@b;x=1', 'sip:a@b'],
      [-1, 'cmp_uri', 'sip:a@b;x=1', 'sip:a@b;x=2'],
      [1, 'cmp_uri', 'sip:a@b;x=1;y=2', 'sip:a@b;y=2;X=1'],
      [-1, 'cmp_uri', 'sip:a@b', 'sips:a@b'],
      [-2, 'cmp_uri', 'zz', 'sip:a@b'],
      [1, 'cmp_uri', 'tel:+1', 'tel:+1'],
      [-1, 'cmp_uri', 'sip:a@b;user=phone', 'sip:a@b'],
      [-1, 'cmp_uri', 'sip:a@b', 'sip:a@b;maddr=c'],
      [-1, 'cmp_uri', 'sip:a:p@b', 'sip:a@b'],
      [1, 'cmp_uri', 'sip:a@b?h=1', 'sip:a@b'],
      [-1, 'cmp_uri', 'sip:%61@b', 'sip:a@b'],
      [1, 'cmp_aor', 'sip:a@b;x=1', 'sip:a@B'],
      [1, 'cmp_aor', 'sip:a@b:5060', 'sip:a@b'],
      [-1, 'cmp_aor', 'sip:a@b:5070', 'sip:a@b'],
      [1, 'cmp_aor', 'sip:a@b', 'sips:a@b'],
      [-1, 'cmp_aor', 'sip:a@b', 'sip:c@b'],
      [-2, 'cmp_aor', 'a@b', 'sip:c@b'],
      [1, 'cmp_hdr_name', 'From', 'f'],
      [1, 'cmp_hdr_name', 'X-A', 'x-a'],
      [-2, 'cmp_hdr_name', 'X-A', 'x-b'],
      [-1, 'cmp_hdr_name', 'From', 'To'],
    ] as const) {
      assert.equal(call(ctx, name, a, b), code, `${name} ${a} ${b}`);
    }
  });

  test('set_uri_user and set_uri_host', () => {
    const ctx = context(host);
    const set = (name: string, uri: string, part: string): string | number => {
      const value = variable(uri);
      const code = call(ctx, name, value, variable(part));
      return code === 1 ? `${value.get(ctx)}` : code;
    };
    assert.equal(set('set_uri_user', 'sip:a@h;x', 'bob'), 'sip:bob@h;x');
    assert.equal(set('set_uri_user', 'sip:h:5070', 'bob'), 'sip:bob@h:5070');
    assert.equal(set('set_uri_user', 'sip:a:pw@h:5070;x', ''), 'sip:h:5070;x');
    assert.equal(set('set_uri_user', 'sip:a:pw@h:5070;x', 'q'), 'sip:q@h:5070;x');
    assert.equal(set('set_uri_user', 'zz', 'b'), -1);
    assert.equal(set('set_uri_host', 'sip:bob@h;x', 'hh'), 'sip:bob@hh;x');
    assert.equal(set('set_uri_host', 'sip:bob@[::2]:5070', '::1'), 'sip:bob@[::1]:5070');
    assert.equal(set('set_uri_host', 'sip:bob@h', ''), -1);
    assert.equal(set('set_uri_host', 'zz', 'b'), -1);
  });

  test('is_gruu and is_uri', () => {
    const ctx = context(host);
    assert.equal(call(ctx, 'is_gruu'), -1);
    assert.equal(call(ctx, 'is_gruu', 'sip:a@b;gr'), 2);
    assert.equal(call(ctx, 'is_gruu', 'sip:a@b;gr=xx'), 1);
    assert.equal(call(ctx, 'is_uri', 'sip:a@b'), 1);
    assert.equal(call(ctx, 'is_uri', 'tel:+1'), 1);
    assert.equal(call(ctx, 'is_uri', 'a@b'), -1);
    assert.equal(call(ctx, 'is_uri', 'sip:'), -1);
  });
});

describe('numbers', () => {
  test('tel2sip', () => {
    const ctx = context(host);
    const convert = (name: string, uri: string): string | number => {
      const value = variable();
      const code = call(ctx, name, uri, 'foo.com', value);
      return code === 1 ? `${value.get(ctx)}` : code;
    };
    assert.equal(convert('tel2sip', 'tel:+(34)-999-888-777'), 'sip:+34999888777@foo.com;user=phone');
    assert.equal(
      convert('tel2sip', 'tel:+12-(34)-56-78;Ext=200;ISUB=+123-456'),
      'sip:+12345678;ext=200;isub=+123-456@foo.com;user=phone',
    );
    assert.equal(convert('tel2sip', 'sip:a@b'), 2);
    assert.equal(convert('tel2sip2', 'tel:12;phone-context=+49-30;ext=1'), 'sip:+493012;ext=1@foo.com;user=phone');
    assert.equal(convert('tel2sip2', 'tel:12;phone-context=Ims.example'), 'sip:12@ims.example;user=phone');
    assert.equal(convert('tel2sip2', 'xx'), 2);
  });

  test('E.164 and other kinds of text', () => {
    const ctx = context(host);
    for (const [code, name, value] of [
      [1, 'is_e164', '+1234567'],
      [-1, 'is_e164', '1234567'],
      [1, 'is_e164', '+12'],
      [-1, 'is_e164', '+1'],
      [-1, 'is_e164', '+1a'],
      [1, 'is_e164', '+123456789012345'],
      [-1, 'is_e164', '+1234567890123456'],
      [1, 'is_uri_user_e164', 'sip:+1234@h'],
      [-1, 'is_uri_user_e164', 'sip:1234@h'],
      [-1, 'is_uri_user_e164', 'zz'],
      [-1, 'is_uri_user_e164', 'sip:h'],
    ] as const) {
      assert.equal(call(ctx, name, variable(value)), code, `${name} ${value}`);
    }
    assert.equal(call(ctx, 'is_e164', variable(null)), -1);
    assert.equal(call(ctx, 'is_uri_user_e164', variable(null)), -1);
    for (const [code, name, ...args] of [
      [1, 'is_tel_number', '+1'],
      [-2, 'is_tel_number', '12a'],
      [-2, 'is_tel_number', ''],
      [-2, 'is_tel_number', '+'],
      [1, 'is_numeric', '12'],
      [-2, 'is_numeric', '1a'],
      [1, 'is_alphanum', 'aZ9'],
      [-3, 'is_alphanum', 'a-'],
      [-2, 'is_alphanum', ''],
      [1, 'is_alphanumex', 'a-', '-.'],
      [-3, 'is_alphanumex', 'a+', '-.'],
      [-2, 'is_alphanumex', '', '-.'],
    ] as const) {
      assert.equal(call(ctx, name, ...args), code, `${name} ${args.join()}`);
    }
  });

  test('Remote-Party-ID', () => {
    const ctx = context(host);
    const name = '$avp(s:rpid)';
    host.variables.delete(name);
    assert.equal(call(ctx, 'append_rpid_hf'), -1);
    assert.equal(call(ctx, 'is_rpid_user_e164'), -1);
    host.variables.set(name, 'sip:+123@x');
    assert.equal(call(ctx, 'is_rpid_user_e164'), 1);
    assert.equal(call(ctx, 'append_rpid_hf'), 1);
    assert.equal(call(ctx, 'append_rpid_hf', '<', '>;x'), 1);
    assert.deepEqual(headers(ctx, 'Remote-Party-ID'), [
      'Remote-Party-ID: sip:+123@x;party=calling;id-type=subscriber;screen=yes',
      'Remote-Party-ID: <sip:+123@x>;x',
    ]);
    host.variables.set(name, '"Al" <sip:+12345@h>');
    assert.equal(call(ctx, 'is_rpid_user_e164'), 1);
    for (const bad of ['zz', '+12345']) {
      host.variables.set(name, bad);
      assert.equal(call(ctx, 'is_rpid_user_e164'), -1);
    }
    host.variables.set(name, 'sip:a@b\r\nX-Evil: 1');
    assert.equal(call(ctx, 'append_rpid_hf'), -1);
    host.variables.set(name, 'sip:+123@x');
    const strict = load(siputils, host, { rpid_strip: 1 });
    const spoofed = context(host, request({ headers: 'Remote-Party-ID: <sip:boss@x>\r\n' }));
    assert.equal(strict.call(spoofed, 'append_rpid_hf', '<', '>'), 1);
    assert.deepEqual(headers(spoofed, 'Remote-Party-ID'), ['Remote-Party-ID: <sip:+123@x>']);
    assert.throws(() => load(siputils, host, { rpid_strip: -1 }), { code: 'SIPUTILS_RPID_STRIP' });
  });
});

describe('Contact', () => {
  const contacts = (contact: string, name: string, ...args: string[]): [number, string[]] => {
    const ctx = context(host, request({ contact }));
    return [call(ctx, name, ...args), headers(ctx, 'Contact')];
  };

  test('encode_contact and back', () => {
    assert.deepEqual(
      contacts(
        'Contact: "A" <sip:alice:pw@10.0.0.1:5062;transport=tcp;ob>;expires=30, <sip:x@y>\r\n',
        'encode_contact',
        'nat',
        '1.2.3.4',
      ),
      [1, ['Contact: "A" <sip:nat*alice*pw*10.0.0.1*5062*tcp@1.2.3.4>;expires=30, <sip:nat*x**y**@1.2.3.4>']],
    );
    assert.deepEqual(contacts('Contact: sip:alice@10.0.0.1;q=1\r\n', 'encode_contact', 'nat', '1.2.3.4'), [
      1,
      ['Contact: sip:nat*alice**10.0.0.1**@1.2.3.4;q=1'],
    ]);
    assert.deepEqual(contacts('', 'encode_contact', 'nat', '1.2.3.4'), [-1, []]);
    assert.deepEqual(contacts('Contact: *\r\n', 'encode_contact', 'nat', '1.2.3.4'), [1, ['Contact: *']]);
    assert.deepEqual(contacts('Contact: <sip:a@b>\r\n', 'encode_contact', 'n t', 'h\r\nX: y')[0], -1);
    assert.deepEqual(
      contacts('Contact: <sip:nat*alice*pw*10.0.0.1*5062*tcp@1.2.3.4>;expires=30\r\n', 'decode_contact_header'),
      [1, ['Contact: <sip:alice:pw@10.0.0.1:5062;transport=tcp>;expires=30']],
    );
    assert.deepEqual(contacts('', 'decode_contact_header'), [-1, []]);
    assert.equal(contacts('Contact: <sip:a@b>\r\n', 'decode_contact_header')[0], -26);
  });

  test('decode_contact works on the Request-URI', () => {
    const decode = (ruri: string): string | number => {
      const ctx = context(host, request({ ruri }));
      const code = call(ctx, 'decode_contact');
      return code === 1 ? ctx.target.uri : code;
    };
    assert.equal(
      decode('sip:nat*alice*pw*10.0.0.1*5062*tcp@1.2.3.4;x=1'),
      'sip:alice:pw@10.0.0.1:5062;transport=tcp;x=1',
    );
    assert.equal(decode('sip:nat*alice**10.0.0.1**@1.2.3.4'), 'sip:alice@10.0.0.1');
    assert.equal(decode('sip:alice@1.2.3.4'), -26);
    assert.equal(decode('sip:nat*alice**10.0.0.1*99999*@1.2.3.4'), -26);
  });

  test('contact_param_…', () => {
    const original = 'Contact: "A" <sip:alice@10.0.0.1:5062;ob>;expires=30, <sip:x@y>\r\n';
    const encoded =
      'Contact: "A" <sip:1.2.3.4:5060;transport=tcp;ksu=c2lwOmFsaWNlQDEwLjAuMC4xOjUwNjI7b2I>;expires=30, <sip:1.2.3.4:5060;transport=tcp;ksu=c2lwOnhAeQ>';
    assert.deepEqual(contacts(original, 'contact_param_encode', 'ksu', 'sip:1.2.3.4:5060;transport=tcp'), [
      1,
      [encoded],
    ]);
    assert.deepEqual(contacts(`${encoded}\r\n`, 'contact_param_decode', 'ksu'), [1, [original.trim()]]);
    assert.deepEqual(contacts(original, 'contact_param_decode', 'zz'), [1, [original.trim()]]);
    assert.deepEqual(contacts('Contact: sip:alice@10.0.0.1;q=1\r\n', 'contact_param_encode', 'k', 'sip:1.2.3.4'), [
      1,
      ['Contact: <sip:1.2.3.4;k=c2lwOmFsaWNlQDEwLjAuMC4x>;q=1'],
    ]);
    // What is decoded has to be a URI: here it would bring a header along.
    const evil = Buffer.from('sip:a@b>\r\nX-Evil: 1').toString('base64url');
    assert.equal(contacts(`Contact: <sip:h;k=${evil}>\r\n`, 'contact_param_decode', 'k')[0], -1);
    assert.deepEqual(contacts('Contact: <sip:a@h;ob;x=1>;expires=30, <sip:x@y;ob>\r\n', 'contact_param_rm', 'ob'), [
      1,
      ['Contact: <sip:a@h;x=1>;expires=30, <sip:x@y>'],
    ]);
    assert.equal(contacts(original, 'contact_param_check', 'ob')[0], 1);
    assert.equal(contacts(original, 'contact_param_check', 'zz')[0], -1);
    const [code, [alias = '']] = contacts(original, 'contact_param_encode_alias', 'ksu', 'sip:1.2.3.4') as [
      number,
      string[],
    ];
    assert.equal(code, 1);
    assert.deepEqual(contacts(`${alias}\r\n`, 'contact_param_decode', 'ksu'), [1, [original.trim()]]);
    assert.equal(contacts('', 'contact_param_encode', 'k', 'sip:1.2.3.4')[0], 1);
  });

  test('contact_param_decode_ruri', () => {
    const ctx = context(host, request({ ruri: 'sip:a@1.2.3.4;ksu=c2lwOmFsaWNlQDEwLjAuMC4xOjUwNjI7b2I' }));
    assert.equal(call(ctx, 'contact_param_decode_ruri', 'zz'), 1);
    assert.equal(call(ctx, 'contact_param_decode_ruri', 'ksu'), 1);
    assert.equal(ctx.target.uri, 'sip:alice@10.0.0.1:5062;ob');
    const evil = context(host, request({ ruri: `sip:a@h;k=${Buffer.from('x y').toString('base64url')}` }));
    assert.equal(call(evil, 'contact_param_decode_ruri', 'k'), -1);
  });
});

describe('P-Charging-Vector', () => {
  const line = 'P-Charging-Vector: icid-value=abc;icid-generated-at=1.2.3.4;orig-ioi=home1.net;term-ioi="home2.net"';

  test('fields of a received one', () => {
    const ctx = context(host, request({ headers: `${line}\r\n` }));
    assert.equal(module.read(ctx, 'pcv', 'all'), line.slice(19));
    assert.deepEqual(
      ['value', 'genaddr', 'orig', 'term'].map((name) => module.read(ctx, 'pcv', name)),
      ['abc', '1.2.3.4', 'home1.net', 'home2.net'],
    );
    assert.equal(call(ctx, 'sip_p_charging_vector', 'g'), 1);
    assert.deepEqual(headers(ctx, 'P-Charging-Vector'), [line]);
    assert.equal(call(ctx, 'sip_p_charging_vector', 'r'), 1);
    assert.deepEqual(headers(ctx, 'P-Charging-Vector'), []);
    assert.equal(module.read(ctx, 'pcv', 'value'), null);
    assert.throws(() => module.read(ctx, 'pcv', 'nope'));
  });

  test('generated', () => {
    const ctx = context(host);
    assert.equal(module.read(ctx, 'pcv', 'all'), null);
    assert.equal(call(ctx, 'sip_p_charging_vector', 'g'), 1);
    const value = module.read(ctx, 'pcv', 'value');
    assert.match(`${value}`, /^[0-9A-F]{32}$/);
    assert.equal(call(ctx, 'sip_p_charging_vector', 'g'), 1);
    assert.equal(module.read(ctx, 'pcv', 'value'), value);
    assert.equal(call(ctx, 'sip_p_charging_vector', 'f'), 1);
    assert.notEqual(module.read(ctx, 'pcv', 'value'), value);
    assert.equal(module.read(ctx, 'pcv', 'genaddr'), '127.0.0.1');
    assert.equal(headers(ctx, 'P-Charging-Vector').length, 1);
    assert.equal(call(ctx, 'sip_p_charging_vector', 'z'), -1);
  });
});

test('parameters that cannot work are refused', () => {
  assert.throws(() => load(siputils, host, { contact_flds_separator: '@' }), { code: 'SIPUTILS_SEPARATOR' });
});

test('ring_insert_callid makes 180 of 183 for as long as ring_timeout says', () => {
  assert.equal(call(context(host), 'ring_insert_callid'), -1, 'off by default');
  assert.equal(host.log.codes.at(-1), 'SIPUTILS_NO_RING_TIMEOUT');
  const bench = new ModuleBench(
    siputils,
    {
      request: ({ ctx, call: run }) => {
        assert.equal(run('ring_insert_callid'), 1);
        bench.wire.proxy.relay(ctx.state);
      },
    },
    { ring_timeout: 30 },
  );
  bench.wire.receive(invite('INVITE'));
  const sent = sentTo(bench.wire.take(), '192.0.2.1');
  const answered = (status: number): string[] => {
    bench.wire.answer(sent, status);
    return bench.wire.take().map(({ message }) => `${message.status} ${message.reason}`);
  };
  assert.deepEqual(answered(183), ['180 Ringing']);
  assert.deepEqual(answered(182), ['182 X']);
  assert.deepEqual(answered(183), ['180 Ringing']);
  bench.wire.time.clock.advance(30_000);
  assert.deepEqual(answered(183), ['183 X']);
});
