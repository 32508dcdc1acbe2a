/** Texts for people, joined to sentences. */

/** What ends a sentence, or is the end of a command, such as `atoll.dev/retry=3@1`: a full stop would be copied with it. */
const ended = /[.!?…]$|=\S+$/;

/** Texts as sentences, one after the other; empty ones are left out. */
export function sentences(...texts: (string | undefined)[]): string {
  const said = texts.flatMap((text) => (text === undefined || text.trim() === '' ? [] : [text.trim()]));
  return said.map((text) => (ended.test(text) ? text : `${text}.`)).join(' ');
}
