/** A set that forgets its oldest members: memory with a limit. */

export interface RecentSet {
  add(member: string): void;
  has(member: string): boolean;
}

export function createRecentSet(most: number): RecentSet {
  const members = new Set<string>();
  return {
    add(member) {
      members.delete(member);
      members.add(member);
      if (members.size > most) members.delete(members.values().next().value ?? '');
    },
    has: (member) => members.has(member),
  };
}
