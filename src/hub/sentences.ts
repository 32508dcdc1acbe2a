/** Texts for people: cut to what a field can hold, and joined to sentences. */

export function cut(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 1)}…`;
}

/** What ends a sentence, or is the end of a command, such as `atoll.dev/retry=3@1`: a full stop would be copied with it. */
const ended = /[.!?…]$|=\S+$/;

/** Texts as sentences, one after the other; empty ones are left out. */
export function sentences(...texts: (string | undefined)[]): string {
  const said = texts.flatMap((text) => (text === undefined || text.trim() === '' ? [] : [text.trim()]));
  return said.map((text) => (ended.test(text) ? text : `${text}.`)).join(' ');
}
