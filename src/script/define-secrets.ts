/** Names of defines whose values nobody else should read. */
const SECRET_NAME = /pass|secret|token|credential|private|apikey|api_key|pwd|ha1/i;
/** The password of a URL. */
const URL_PASSWORD = /(:\/\/[^/:@\s"']*:)[^@\s"']+(?=@)/g;

/** A define's value as operators may see it: a secret by its name, or the password of a URL, is hidden. */
export function hideInDefine(name: string, value: string): string {
  if (value !== '' && SECRET_NAME.test(name)) return '***';
  return value.replace(URL_PASSWORD, '$1***');
}

/** A command line as operators may see it: `-A NAME=VALUE`, `--define NAME=VALUE` and whatever else has the form of one is looked at. */
export function hideInArguments(words: readonly string[]): string[] {
  return words.map((word) => {
    const parts = /^(--?[A-Za-z-]*[ =]?|-A)?([A-Za-z_]\w*)=(.*)$/s.exec(word);
    if (parts === null) return word.replace(URL_PASSWORD, '$1***');
    const [, dash = '', name = '', value = ''] = parts;
    return `${dash}${name}=${hideInDefine(name, value)}`;
  });
}
