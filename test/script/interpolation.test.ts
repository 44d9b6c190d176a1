import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseInterpolatedText, parseVariableReference } from '../../src/script/interpolation.ts';
import type { Segment, TransformationParam, VariableRef } from '../../src/script/variable-reference.ts';

const isKnownName = (name: string): boolean => ['si', 'ci', 'err.class', 'rU', 'var', '?', 'rc'].includes(name);

/** `name(inner)[index]{name|param|param}` with variables in angle brackets. */
function show(ref: VariableRef): string {
  const inner =
    ref.inner === null ? '' : `(${ref.innerSegments === null ? ref.inner : showSegments(ref.innerSegments)})`;
  const index = ref.index === null ? '' : `[${typeof ref.index === 'object' ? `<${show(ref.index)}>` : ref.index}]`;
  const param = (value: TransformationParam): string => (typeof value === 'string' ? value : `<${show(value)}>`);
  const transformations = ref.transformations.map(({ name, params }) => `{${[name, ...params.map(param)].join('|')}}`);
  return `${ref.name}${inner}${index}${transformations.join('')}`;
}

function showSegments(segments: readonly Segment[]): string {
  return segments.map((segment) => (segment.kind === 'text' ? segment.text : `<${show(segment.ref)}>`)).join('');
}

function text(source: string, options: Parameters<typeof parseInterpolatedText>[1] = {}): string {
  const { segments, errors } = parseInterpolatedText(source, options);
  assert.deepEqual(errors, []);
  return showSegments(segments);
}

const accepted: readonly (readonly [string, string])[] = [
  ['', ''],
  ['plain', 'plain'],
  ['$fU said $var(x)!', '<fU> said <var(x)>!'],
  ['100%% $$5 $$', '100%% $5 $'],
  ['$$fU', '$fU'],
  ['$rb{s.len}', '<rb>{s.len}'],
  ['$(rb{s.len})', '<rb{s.len}>'],
  ['$(hdr(X)[1]{s.len})', '<hdr(X)[1]{s.len}>'],
  ['$(hdr(Via)[-1])', '<hdr(Via)[-1]>'],
  ['$(avp(x)[*])', '<avp(x)[*]>'],
  ['$(avp(x)[$var(i)])', '<avp(x)[<var(i)>]>'],
  ['$(si).', '<si>.'],
  ['$avp(s:x) $avp(i:5)', '<avp(s:x)> <avp(i:5)>'],
  ['$sht(t=>$fU::$var(x))', '<sht(t=><fU>::<var(x)>)>'],
  ['$avp($var(n))', '<avp(<var(n)>)>'],
  ['$_s($ru/$fU)', '<_s(<ru>/<fU>)>'],
  ['$T_rpl($rs)', '<T_rpl(<rs>)>'],
  ['$timef(%Y (%H))', '<timef(%Y (%H))>'],
  ['$dbr(res=>[0,1])', '<dbr(res=>[0,1])>'],
  ['$xavp(a[0]=>b[1])', '<xavp(a[0]=>b[1])>'],
  ['$hdr(X-My Header)', '<hdr(X-My Header)>'],
  ['$?', '<?>'],
  ['$var()', '<var()>'],
  ['$(var(x){s.substr,1,2}{s.len})', '<var(x){s.substr|1|2}{s.len}>'],
  ['$(var(n){s.select,0,,})', '<var(n){s.select|0|,}>'],
  ['$(var(n){s.after,,})', '<var(n){s.after|,}>'],
  ['$(var(x){s.substr,$var(k),2})', '<var(x){s.substr|<var(k)>|2}>'],
  ['$(var(x){s.select,$(var(y){s.len}),:})', '<var(x){s.select|<var(y){s.len}>|:}>'],
  ['$(var(p){param.value,b,&})', '<var(p){param.value|b|&}>'],
  ['$(var(x){re.subst,/^a(.)(.)$/\\2,\\1/})', '<var(x){re.subst|/^a(.)(.)$/\\2,\\1/}>'],
  ['$(var(x){re.subst,/a{2}/b/})', '<var(x){re.subst|/a{2}/b/}>'],
  ['$(TS{s.ftime,%d, %Y})', '<TS{s.ftime|%d, %Y}>'],
  ['$(var(x){s.replace,$,x})', '<var(x){s.replace|$|x}>'],
  ['$(var(x){s.len} )', '<var(x){s.len}>'],
  ['$(ct{tobody.uri}{uri.user})', '<ct{tobody.uri}{uri.user}>'],
];

for (const [source, shown] of accepted) {
  test(`"${source}"`, () => assert.equal(text(source), shown));
}

test('segments and references know where they are', () => {
  const { segments } = parseInterpolatedText('ab $$ $(var(x){s.len}) $rU');
  assert.deepEqual(
    segments.map(({ kind, offset }) => [kind, offset]),
    [
      ['text', 0],
      ['variable', 6],
      ['text', 22],
      ['variable', 23],
    ],
  );
  const [, second] = segments;
  assert.ok(second?.kind === 'variable');
  assert.equal(second.ref.raw, '$(var(x){s.len})');
  assert.equal(second.ref.transformations[0]?.offset, 15);
});

test('raw parameters keep everything behind the first comma', () => {
  const parsed = parseVariableReference('$(var(x){s.replace,a,b,c})');
  assert.equal(parsed.ref?.transformations[0]?.rawParams, 'a,b,c');
});

test('a reference in a longer text ends where it ends', () => {
  const parsed = parseVariableReference('x $var(a)-1', 2);
  assert.ok(parsed.ref !== null);
  assert.deepEqual([parsed.ref.raw, parsed.end], ['$var(a)', 9]);
});

test('names with a dot or question mark behind them: the longest known name is taken (Kamailio refuses to start)', () => {
  assert.equal(text('from $si.', { isKnownName }), 'from <si>.');
  assert.equal(text('is it $ci?', { isKnownName }), 'is it <ci>?');
  assert.equal(text('$err.class.x', { isKnownName }), '<err.class>.x');
  assert.equal(text('$si.example', { isKnownName }), '<si>.example');
  assert.equal(text('$?', { isKnownName }), '<?>');
  assert.equal(text('$unknown.name', { isKnownName }), '<unknown.name>', 'unknown names stay whole');
  assert.equal(text('$sidecar', { isKnownName }), '<sidecar>', 'a name is not cut within letters');
  assert.equal(text('from $si.'), 'from <si>.', 'without a table of names the dot is cut off');
  assert.equal(text('$err.class'), '<err.class>');
});

const refused: readonly (readonly [string, number, RegExp])[] = [
  ['$', 0, /without a variable name/],
  ['cost $ 5', 5, /without a variable name.*\$\$/],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: what people write who come from a shell
  ['${x}', 0, /without a variable name.*\$\(name\)/],
  ['a $var(x', 6, /'\(' of \$var is not closed/],
  ['$(var(x)', 0, /'\$\(' is not closed/],
  ['$(var(x){s.len)', 8, /'\{' of the transformation is not closed/],
  ['$(var(x)[a])', 8, /an index is a number/],
  ['$(var(x)[1)', 8, /'\[' is not closed/],
  ['$(var(x){})', 8, /needs a name/],
  ['$($var(x){s.len})', 2, /inside '\$\('/],
  ['$(var(x)}', 8, /'\}' is not expected/],
  ['$sht(a=>$)', 8, /without a variable name/],
];

for (const [source, offset, message] of refused) {
  test(`refused: "${source}"`, () => {
    const [error] = parseInterpolatedText(source).errors;
    assert.ok(error !== undefined);
    assert.match(`${error.message}. ${error.hint}`, message);
    assert.equal(error.offset, offset);
  });
}

test('text with a bad variable keeps its other variables', () => {
  const { segments, errors } = parseInterpolatedText('a $ b $fU');
  assert.equal(showSegments(segments), 'a $ b <fU>');
  assert.equal(errors.length, 1);
});

test('absurd nesting is an error', () => {
  assert.equal(parseInterpolatedText(`${'$a('.repeat(2000)}${')'.repeat(2000)}`).errors.length, 1);
});
