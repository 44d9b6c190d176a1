/** docs/kamailio-compat.md */
import { modules } from '../../src/modules/index.ts';
import type { AnyModule } from '../../src/script/module-definition.ts';
import { registryModules } from '../../src/script/registry.ts';
import { coreSections } from './compat-core.ts';
import { differences } from './compat-differences.ts';
import { measuredDifferences } from './compat-measured.ts';
import { missingReason } from './compat-missing.ts';
import { missingFrom } from './compat-missing-names.ts';
import { moduleSection, summaryRow } from './compat-modules.ts';
import { anchor, bullets, code, page, prose, table } from './markdown.ts';
import { markOfFunctions, markOfParameters, markOfVariables } from './probe.ts';

/** Order of the modules on the page; others follow by name. */
const ORDER =
  'tm tmx sl rr maxfwd textops textopsx siputils xlog pv kex corex sanity cfgutils htable counters statistics uac usrloc registrar nathelper'.split(
    ' ',
  );

/** Modules in the order of the page. */
export function pageModules(): readonly AnyModule[] {
  const place = (name: string): number => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
  return [...modules.values()].toSorted(
    ({ definition: a }, { definition: b }) => place(a.name) - place(b.name) || (a.name < b.name ? -1 : 1),
  );
}

export function compatPage(): string {
  const list = pageModules();
  const others = [...registryModules().keys()].filter((name) => !modules.has(name)).length;
  return page([
    '# Compatibility with Kamailio',
    '<!-- Made by "npm run docs" from the definitions in src/ and the texts in scripts/docs/. Do not edit. -->',
    prose(
      `Trunkline runs kamailio.cfg files as they are written for Kamailio 5.6 and 6.x. This page has every name that a configuration can use, and says how
      it stands. It is made from the same definitions that the server works with, so it cannot promise what is not there.`,
    ),
    table(
      ['mark', 'meaning'],
      [
        ['yes', 'as in Kamailio; a note says what is better or how'],
        ['partly', 'works, with the difference in the note'],
        ['ignored', 'accepted and without effect, because nothing here needs it'],
        ['no', 'the name is known and does nothing'],
      ],
    ),
    '## In short',
    prose(
      `The language is there: preprocessor, statements, expressions, route blocks, variables and transformations. So is what a proxy in
      front of SIP trunks needs: transactions, forking, Record-Route, replies, header and body editing, identities and digest authentication, over UDP, TCP,
      TLS and WebSocket. These modules are there:`,
    ),
    table(['module', 'functions', 'parameters', 'variables'], list.map(summaryRow)),
    prose(
      `Not there are the other ${others} modules that Kamailio has or had (dispatcher, presence, media relays, HTTP clients …), scripts in
      Lua, Python and the like (KEMI is there [in TypeScript](scripting-typescript.md#ksr-kamailios-own-names)), and SCTP.`,
    ),
    '## What check says',
    prose(
      '`trunkline check FILE` (and the start) tells everything that the file uses and this server does not have, each with its line:',
    ),
    bullets(checkRules()),
    '## Where we differ on purpose',
    ...differences.map(({ title, intro, items }) =>
      page([
        `### ${title}: differences`,
        prose(intro),
        bullets(items.map((item) => `**${item.title}.** ${item.text}`)),
      ]).trimEnd(),
    ),
    measuredDifferences(),
    '## Modules',
    list.map(({ definition: { name } }) => `[${name}](#${anchor(name)})`).join(' · '),
    ...list.map(moduleSection),
    coreSections(),
    '## Names that Kamailio has in these modules and we do not',
    prose(
      `Compared with all functions, parameters and variables that the modules above had in any release from 3.3 to 6.2. Parameters among them are ignored with a
      warning (CFG_UNSUPPORTED_PARAMETER), functions and variables are errors.`,
    ),
    missingTable(list),
  ]);
}

/** One row for each module and reason. */
function missingTable(list: readonly AnyModule[]): string {
  const groups = Map.groupBy(
    missingFrom(list),
    (key) => `${key.slice(0, key.indexOf('.'))}|${missingReason(key) ?? ''}`,
  );
  return table(
    ['module', 'support', 'why', 'names'],
    [...groups].map(([group, keys]) => {
      const [module = '', why = ''] = group.split('|');
      return [module, 'no', why, keys.map((key) => code(key.slice(key.indexOf('.') + 1))).join(' ')];
    }),
  );
}

function checkRules(): string[] {
  return [
    `A **module** that Kamailio has and we do not: error CFG_UNSUPPORTED_MODULE at its loadmodule. Its modparam lines say nothing more.`,
    `A **function** or **variable** of such a module, and one of a module of ours that is in the last table of this page: error CFG_UNSUPPORTED_FUNCTION,
    CFG_UNSUPPORTED_VARIABLE.`,
    ...[
      ['function', markOfFunctions(), 'CFG_UNSUPPORTED_FUNCTION', 'a call fails (-1) with a line in the log'],
      ['parameter', markOfParameters(), 'CFG_UNSUPPORTED_PARAMETER', 'it is ignored'],
      ['variable', markOfVariables(), 'CFG_UNSUPPORTED_VARIABLE', 'it is undefined'],
    ].map(
      ([what, severity, name, effect]) =>
        `A **${what}** that a table below marks "no": ${severity === null ? 'nothing is said' : `${severity} ${name}`}; ${effect}.`,
    ),
    `A **parameter** in the last table of this page: warning CFG_UNSUPPORTED_PARAMETER; it is ignored.`,
    `A **name that nobody knows**: an error, with the nearest name that exists as a suggestion.`,
    `With \`--unsupported warn\` the errors of the first two kinds are warnings, and the server starts. Such a function then fails (-1) with a line in the
    log when it is reached, such a variable is undefined.`,
  ];
}
