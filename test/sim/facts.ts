/** Everything that happens in a simulated world, as facts: what invariants look at, what the trace prints, and what its hash is made of. */
import type { Clock } from '../../src/clock.ts';
import type { Call, StoredEvent } from '../kube/memory-client.ts';
import { begin } from './clock.ts';
import type { SimPod } from './pod/pod.ts';
import { fnv } from './random.ts';

export type Fact =
  /** A write was stored by an API server; `by` is the process of Atoll that sent it, if it was one. */
  | { kind: 'write'; cluster: string; by: string | undefined; event: StoredEvent }
  /** A process of Atoll sends a write; nothing is stored yet. */
  | { kind: 'call'; cluster: string; by: string; call: Call }
  | { kind: 'put' | 'removed' | 'taken'; key: string }
  /** Restore begins to look for what it may resume from, or has found it. */
  | { kind: 'restoring' | 'restored'; pod: SimPod }
  | { kind: 'started' | 'ended'; pod: SimPod; container: string; code?: number }
  | { kind: 'process'; change: 'started' | 'killed' | 'frozen' | 'thawed' | 'failed' | 'stood down'; name: string; why?: string }
  /** Something that people or other machines can read: a log line, a message on the bus. */
  | { kind: 'said'; where: string; text: string }
  | { kind: 'fault'; name: string; text: string }
  | { kind: 'user'; text: string }
  /** A sync of an island has come to a process of the hub. */
  | { kind: 'heard'; island: string }
  /** An API server refused a write that would have broken a rule of the CRDs. */
  | { kind: 'refused'; by: string; message: string };

export interface Violation {
  invariant: number;
  message: string;
  /** Simulated milliseconds since the beginning. */
  at: number;
}

export interface Record {
  note(fact: Fact): void;
  onFact(listener: (fact: Fact) => void): void;
  violate(invariant: number, message: string): void;
  readonly violations: readonly Violation[];
  /** Over every fact so far. */
  readonly hash: string;
  readonly facts: number;
  /** Readable lines; empty unless tracing. */
  readonly lines: readonly string[];
}

export function createRecord(clock: Clock, options: { trace?: ((line: string) => void) | undefined }): Record {
  let hash = fnv('');
  let facts = 0;
  const violations: Violation[] = [];
  const lines: string[] = [];
  const listeners: ((fact: Fact) => void)[] = [];
  const tell = (text: string) => {
    const line = `${((clock.now() - begin) / 1000).toFixed(3).padStart(10)}  ${text}`;
    lines.push(line);
    options.trace?.(line);
  };
  return {
    note(fact) {
      facts++;
      hash = fnv(`${clock.now()} ${essence(fact)}`, hash);
      const text = options.trace && describe(fact);
      if (text !== undefined) tell(text);
      for (const listener of listeners) listener(fact);
    },
    onFact: (listener) => void listeners.push(listener),
    violate(invariant, message) {
      if (violations.length >= 20) return;
      violations.push({ invariant, message, at: clock.now() - begin });
      if (options.trace) tell(`INVARIANT ${invariant} IS BROKEN: ${message}`);
    },
    violations,
    get hash() {
      return hash.toString(16).padStart(8, '0');
    },
    get facts() {
      return facts;
    },
    lines,
  };
}

/** Short, and different for different facts. */
function essence(fact: Fact): string {
  switch (fact.kind) {
    case 'write':
      return `w ${fact.cluster} ${fact.event.change} ${fact.event.type.kind} ${fact.event.object.metadata.name} ${fact.event.version}`;
    case 'call':
      return `c ${fact.cluster} ${fact.by} ${fact.call.verb} ${fact.call.type.kind} ${fact.call.key?.name}`;
    case 'put':
    case 'removed':
    case 'taken':
      return `${fact.kind} ${fact.key}`;
    case 'restoring':
    case 'restored':
      return `${fact.kind} ${fact.pod.name}`;
    case 'started':
    case 'ended':
      return `${fact.kind} ${fact.pod.name} ${fact.container} ${fact.code}`;
    case 'process':
      return `p ${fact.change} ${fact.name}`;
    case 'said':
      return `s ${fact.where} ${fact.text.length}`;
    case 'fault':
      return `f ${fact.name} ${fact.text}`;
    case 'user':
      return `u ${fact.text}`;
    case 'refused':
      return `r ${fact.by} ${fact.message}`;
    default:
      return `h ${fact.island}`;
  }
}

function describe(fact: Fact): string | undefined {
  switch (fact.kind) {
    case 'write': {
      const { event, cluster, by = 'kubernetes' } = fact;
      const kind = event.type.kind;
      if (kind === 'Lease') return undefined;
      return `${cluster.padEnd(6)} ${by.padEnd(12)} ${event.change.toLowerCase()} ${kind} ${event.object.metadata.name}${stateOf(event)}`;
    }
    case 'put':
    case 'removed':
    case 'taken':
      return `bucket ${fact.kind} ${fact.key}`;
    case 'restoring':
      return undefined;
    case 'restored':
      return `pod    ${fact.pod.name} resumes from ${fact.pod.resumedFrom ?? 'nothing'}`;
    case 'started':
    case 'ended':
      return `pod    ${fact.pod.name} on ${fact.pod.node}: ${fact.container} ${fact.kind}${fact.code === undefined ? '' : ` (${fact.code})`}`;
    case 'process':
      return `       ${fact.name} ${fact.change}${fact.why === undefined ? '' : `: ${fact.why}`}`;
    case 'fault':
      return `FAULT  ${fact.name}: ${fact.text}`;
    case 'user':
      return `USER   ${fact.text}`;
    case 'refused':
      return `       ${fact.by} was refused: ${fact.message}`;
    case 'said':
      return fact.where.startsWith('log ') ? `       ${fact.where}: ${fact.text.trim()}` : undefined;
    default:
      return undefined;
  }
}

function stateOf({ object, change }: StoredEvent): string {
  if (change === 'DELETED') return '';
  const { status, spec } = object as { status?: { [name: string]: unknown }; spec?: { [name: string]: unknown } };
  const words = ['state', 'reason', 'attempt', 'placement', 'phase', 'revision'].flatMap((name) =>
    status?.[name] === undefined ? [] : [`${name} ${JSON.stringify(status[name])}`],
  );
  for (const name of ['stop', 'suspend']) if (spec?.[name] === true) words.push(`spec.${name}`);
  if (object.metadata.deletionTimestamp !== undefined) words.push('deleting');
  return words.length === 0 ? '' : ` (${words.join(', ')})`;
}
