/**
 * Writes `?` placeholders as PostgreSQL's `$1`, `$2` …; those in strings, quoted names and comments are text and stay.
 * @param sql a statement of ours: no `?` operators
 */
export function numberedPlaceholders(sql: string): string {
  let count = 0;
  return sql.replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\?/g, (part) => {
    if (part !== '?') return part;
    count++;
    return `$${count}`;
  });
}
