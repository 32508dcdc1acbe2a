/** What has been said already, so that it is said again only when it is something else. In memory: a new process says it once more. */

/** Whether the text is new for this key; an empty one makes the key forgotten. */
export type Once = (key: string, text: string) => boolean;

const mostRemembered = 16_384;

export function createOnce(): Once {
  const said = new Map<string, string>();
  return (key, text) => {
    if (said.get(key) === text) return false;
    said.delete(key);
    if (text === '') return false;
    said.set(key, text);
    if (said.size > mostRemembered) said.delete(said.keys().next().value ?? '');
    return true;
  };
}
