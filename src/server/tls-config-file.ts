import type { DiagnosticList } from '../script/diagnostic.ts';
import { createSourceFile, type Span } from '../script/source.ts';

/** A value and where it was written, in tls.cfg or in a modparam line. */
export interface TlsValue {
  readonly text: string;
  readonly at: Span;
}

/** One `[server:…]` or `[client:…]` section. */
export interface TlsSection {
  readonly side: 'server' | 'client';
  /** `default`, `any`, or `ip:port` (an IPv6 address in brackets). */
  readonly address: string;
  readonly at: Span;
  readonly values: ReadonlyMap<string, TlsValue>;
}

/** What a section may set; the other names are what they are also called. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ...[
    'certificate private_key private_key_password ca_list ca_path crl verify_certificate require_certificate verify_client',
    'verify_depth tls_method cipher_list server_name server_name_mode server_id',
  ].flatMap((line) => line.split(' ').map((name): [string, string] => [name, name])),
  ['method', 'tls_method'],
]);

/** Text of a line without its comment; `#` and `;` begin one outside of quotes. */
function withoutComment(line: string): string {
  let quote = '';
  for (let index = 0; index < line.length; index++) {
    const char = line[index] as string;
    if (quote !== '') {
      if (char === quote) quote = '';
    } else if (char === '"' || char === "'") quote = char;
    else if (char === '#' || char === ';') return line.slice(0, index);
  }
  return line;
}

function unquoted(text: string): string {
  return /^(["'])(.*)\1$/.exec(text)?.[2] ?? text;
}

/**
 * Reads the file that the tls module's parameter `config` names.
 * @param file its name, for messages
 */
export function parseTlsConfig(file: string, text: string, diagnostics: DiagnosticList): TlsSection[] {
  const sections: (TlsSection & { readonly values: Map<string, TlsValue> })[] = [];
  createSourceFile(file, text)
    .text.split(/\r?\n/)
    .forEach((line, index) => {
      const content = withoutComment(line).trim();
      if (content === '') return;
      const at: Span = { file, line: index + 1, column: line.indexOf(content) + 1, length: content.length };
      if (content.startsWith('[')) {
        const section = sectionOf(content, at, diagnostics);
        if (section !== null) sections.push(section);
        return;
      }
      const pair = /^([\w-]+)\s*=\s*(.*)$/.exec(content);
      const name = NAMES.get(pair?.[1] ?? '');
      const current = sections.at(-1);
      if (pair === null) diagnostics.error('CFG_SYNTAX', 'expected [server:…], [client:…] or name = value', at);
      else if (name === undefined)
        diagnostics.error('CFG_UNKNOWN_PARAMETER', `tls.cfg has no parameter ${pair[1]}`, at);
      else if (current === undefined) diagnostics.error('CFG_SYNTAX', 'a value before the first section', at);
      else current.values.set(name, { text: unquoted(pair[2]?.trim() ?? ''), at });
    });
  return sections;
}

function sectionOf(content: string, at: Span, diagnostics: DiagnosticList) {
  const match = /^\[\s*(server|client)\s*:\s*(default|any|\[[\da-f:.]+\]:\d+|[\d.]+:\d+)\s*\]$/i.exec(content);
  if (match === null) {
    diagnostics.error('CFG_SYNTAX', 'a section is [server:default], [client:default] or [server:ip:port]', at);
    return null;
  }
  const side: TlsSection['side'] = match[1]?.toLowerCase() === 'client' ? 'client' : 'server';
  return { side, address: (match[2] ?? '').toLowerCase(), at, values: new Map<string, TlsValue>() };
}
