/** The processes of containers as the machine sees them, to be stopped, continued and killed from outside. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { container } from '../../src/island/podview.ts';
import type { Pod } from '../../src/kube/core.ts';

/**
 * Kills the first process of a running container of a pod, and with it all others, or tells every process of it to end, to stop or to go
 * on: an image may start its program from a shell.
 */
export function signalContainer(pod: Pod, name: string, signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): void {
  const id = container(pod, name)?.containerID?.replace('containerd://', '');
  assert.ok(id, `container ${name} of pod ${pod.metadata.name} has no id`);
  const members = readdirSync('/proc')
    .filter((entry) => /^[0-9]+$/.test(entry) && read(`/proc/${entry}/cgroup`).includes(id))
    .map(Number);
  const parents = new Map(members.map((pid) => [pid, Number(/^PPid:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1])]));
  const first = members.filter((pid) => !members.includes(parents.get(pid) ?? 0));
  assert.equal(
    first.length,
    1,
    `container ${name} of pod ${pod.metadata.name} should have one first process, not ${first.join(' ')}`,
  );
  for (const pid of signal === 'SIGKILL' ? first : members) process.kill(pid, signal);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it ended while we looked
  }
}
