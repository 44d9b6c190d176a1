import { detach } from '../message/detach.ts';

/** Texts that are many contacts' own (User-Agent, socket, Path) and are kept once. */
export class Intern {
  private readonly texts = new Map<string, string>();
  private readonly limit: number;

  /** @param limit texts that are remembered; beyond it the memory begins anew, and nothing breaks */
  constructor(limit = 10_000) {
    this.limit = limit;
  }

  /** The kept copy of a text, which pins no message. */
  keep(text: string): string {
    if (text === '') return '';
    const known = this.texts.get(text);
    if (known !== undefined) return known;
    if (this.texts.size >= this.limit) this.texts.clear();
    const own = detach(text);
    this.texts.set(own, own);
    return own;
  }
}
