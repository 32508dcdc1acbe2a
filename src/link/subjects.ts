/** Every NATS subject of the link, and which of them an island's credentials must allow; nothing else names a subject. */

/** Subjects of one island. `<prefix>` is link.prefix of the settings and may hold dots; the name of an island holds none. */
export interface IslandSubjects {
  /** Request of the island, answered by the hub's lease holder: what it holds, for what it should hold. */
  sync: string;
  /** Lossy live progress, island to hub. */
  progress: string;
  /** Hub to island: sync now. */
  poke: string;
  /** Hub to island: send a log. */
  askLogs: string;
  /** Lines of the log that was asked for under this id: a request of the island, answered by the hub for each chunk. */
  logs(id: string): string;
}

export function islandSubjects(prefix: string, island: string): IslandSubjects {
  return {
    sync: `${prefix}.hub.${island}.sync`,
    progress: `${prefix}.hub.${island}.progress`,
    poke: `${prefix}.island.${island}.poke`,
    askLogs: `${prefix}.island.${island}.logs`,
    logs: (id) => `${prefix}.hub.${island}.logs.${id}`,
  };
}

/** What the hub subscribes to, for all islands at once. */
export function hubSubjects(prefix: string): { sync: string; progress: string } {
  return { sync: `${prefix}.hub.*.sync`, progress: `${prefix}.hub.*.progress` };
}

/** Start of the inboxes that replies to one island come to: private, so that no island sees another's replies. */
export function inboxPrefix(island: string): string {
  return `_INBOX_${island}`;
}

/** The whole of what an island may do; its NATS user is minted with exactly this. */
export function islandPermissions(prefix: string, island: string): { publish: string[]; subscribe: string[] } {
  const subjects = islandSubjects(prefix, island);
  return {
    publish: [subjects.sync, subjects.progress, subjects.logs('*')],
    subscribe: [subjects.poke, subjects.askLogs, `${inboxPrefix(island)}.>`],
  };
}

/** Name of the island that a subject of `hubSubjects` or of its logs belongs to; undefined for any other subject. */
export function islandOfSubject(prefix: string, subject: string): string | undefined {
  const start = `${prefix}.hub.`;
  if (!subject.startsWith(start)) return undefined;
  const island = subject.slice(start.length).split('.', 1)[0];
  return island === '' ? undefined : island;
}

/**
 * Whether a message may be answered. The hub's rights follow the inbox that a request names: an island must not have what it can
 * make the hub say delivered to another island.
 */
export function mayAnswerTo(prefix: string, { subject, inbox }: { subject: string; inbox?: string }): boolean {
  const island = islandOfSubject(prefix, subject);
  return inbox === undefined || (island !== undefined && inbox.startsWith(`${inboxPrefix(island)}.`));
}
