/** Leader election on a coordination.k8s.io Lease, by what this process itself observes; other hosts' clocks are never trusted. */
import { type Clock, type Random, timestamp } from '../clock.ts';
import { type Lease as LeaseObject, leases } from './core.ts';
import { ApiError, LeaseLostError, messageOf } from './errors.ts';
import type { KubeMetrics } from './metrics.ts';
import type { KubeClient, Log } from './types.ts';

export interface LeaseOptions {
  client: KubeClient;
  clock: Clock;
  random: Random;
  log: Log;
  metrics?: KubeMetrics | undefined;
  namespace: string;
  name: string;
  /** Unique per process start, for example `<pod>_<uuid>`. */
  identity: string;
  /** Others take over this long after the last renewal they saw. Default 15 s, rounded up to whole seconds. */
  durationMs?: number;
  /** The holder gives up this long after its last renewal; must be shorter than the duration. Default two thirds of it. */
  renewDeadlineMs?: number;
  /** Between two tries to acquire or renew. Default 2 s. */
  retryMs?: number;
}

export interface Lease {
  /** True while our last renewal is younger than the deadline, counted from before it was sent. */
  readonly held: boolean;
  /** Who holds it, as last seen. */
  readonly holder: string | undefined;
  /** Resolves once we hold it; rejects when the signal is aborted. */
  acquire(signal: AbortSignal): Promise<void>;
  /** Renews until the signal is aborted (resolves) or the lease is lost (rejects with `LeaseLostError`). */
  hold(signal: AbortSignal): Promise<void>;
  /** Gives it back so that the next one need not wait. */
  release(): Promise<void>;
}

export function createLease(options: LeaseOptions): Lease {
  const { client, clock, random, log, metrics, namespace, name, identity } = options;
  const durationSeconds = Math.ceil((options.durationMs ?? 15_000) / 1000);
  const deadlineMs = options.renewDeadlineMs ?? (durationSeconds * 1000 * 2) / 3;
  const retryMs = options.retryMs ?? 2000;
  if (!(retryMs < deadlineMs && deadlineMs < durationSeconds * 1000))
    throw new Error(
      `cannot create lease ${name}: need retryMs (${retryMs}) < renewDeadlineMs (${deadlineMs}) < durationMs (${durationSeconds * 1000})`,
    );
  let held = false;
  let holder: string | undefined;
  let seen: LeaseObject | undefined;
  /** Timers, not wall times: a clock that is set forward or back must not move the lease. */
  let expired = false;
  let stopExpiry: () => void = () => {};
  let stopDeadline: () => void = () => {};

  const observe = (lease: LeaseObject) => {
    if (seen?.metadata.resourceVersion === lease.metadata.resourceVersion) return;
    seen = lease;
    holder = lease.spec.holderIdentity || undefined;
    expired = false;
    stopExpiry();
    const ms = (lease.spec.leaseDurationSeconds ?? durationSeconds) * 1000;
    stopExpiry = clock.timer(ms, () => {
      expired = true;
    });
  };
  const setHeld = (value: boolean) => {
    held = value;
    metrics?.leader.set({ name }, value ? 1 : 0);
    stopDeadline();
    stopDeadline = () => {};
  };
  setHeld(false);

  /** One try. True: we hold it, and have since just before this was sent. */
  async function tryOnce(signal?: AbortSignal): Promise<boolean> {
    const how = signal ? { signal } : {};
    const now = microTime(clock.now());
    const mine = { holderIdentity: identity, leaseDurationSeconds: durationSeconds, renewTime: now };
    let deadlineOver = false;
    const stop = clock.timer(deadlineMs, () => {
      deadlineOver = true;
      if (stopDeadline === stop) setHeld(false);
    });
    const won = (lease: LeaseObject): boolean => {
      observe(lease);
      setHeld(!deadlineOver);
      stopDeadline = stop;
      return held;
    };
    let kept = false;
    try {
      const found = await client.get(leases, { namespace, name }, how);
      if (!found) {
        const spec = { ...mine, acquireTime: now, leaseTransitions: 0 };
        kept = won(await client.create(leases, { metadata: { namespace, name }, spec }, how));
        return kept;
      }
      observe(found);
      const ours = found.spec.holderIdentity === identity;
      if (!ours && holder !== undefined && !expired) return false;
      const taken = ours ? {} : { acquireTime: now, leaseTransitions: (found.spec.leaseTransitions ?? 0) + 1 };
      const { uid, resourceVersion } = found.metadata;
      const patch = { metadata: { uid, resourceVersion }, spec: { ...mine, ...taken } };
      kept = won(await client.patch(leases, { namespace, name }, patch, { contentType: 'merge', ...how }));
      return kept;
    } catch (error) {
      if (signal?.aborted) throw error;
      const lostRace = error instanceof ApiError && (error.isConflict || error.isAlreadyExists);
      log[lostRace ? 'debug' : 'warn']({ lease: name, error: messageOf(error) }, 'cannot acquire or renew the lease');
      return false;
    } finally {
      if (!kept) stop();
    }
  }

  const pause = (signal: AbortSignal) => clock.sleep(retryMs * (0.8 + 0.4 * random.next()), signal);

  return {
    get held() {
      return held;
    },
    get holder() {
      return holder;
    },
    async acquire(signal) {
      let told: string | undefined;
      while (!(await tryOnce(signal))) {
        if (holder !== undefined && holder !== told)
          log.info({ lease: name, holder }, 'another process holds the lease; waiting');
        told = holder;
        await pause(signal);
      }
      log.info({ lease: name, identity }, 'lease acquired');
    },
    async hold(signal) {
      const lost = (why: string) => new LeaseLostError(`cannot hold lease ${namespace}/${name}: ${why}`);
      while (!signal.aborted) {
        // Waking at the deadline, not after it: `held` has turned false by then and whoever acts must stop.
        await pause(signal).catch(() => undefined);
        if (signal.aborted) return;
        if (held) await tryOnce(signal).catch(() => false);
        if (signal.aborted) return;
        if (holder !== undefined && holder !== identity) {
          setHeld(false);
          throw lost(`${holder} holds it now`);
        }
        if (!held) throw lost(`no renewal succeeded within ${deadlineMs / 1000} s`);
      }
    },
    async release() {
      if (!held || !seen) return;
      setHeld(false);
      stopExpiry();
      const { uid, resourceVersion } = seen.metadata;
      const patch = { metadata: { uid, resourceVersion }, spec: { holderIdentity: '', leaseDurationSeconds: 1 } };
      try {
        await client.patch(leases, { namespace, name }, patch, { contentType: 'merge' });
      } catch (error) {
        // It runs out by itself.
        log.warn({ lease: name, error: messageOf(error) }, 'cannot release the lease');
      }
    },
  };
}

/** RFC 3339 with exactly six fractional digits, which `metav1.MicroTime` insists on. */
export function microTime(ms: number): string {
  return `${timestamp(ms).slice(0, -1)}.${String(Math.floor(ms) % 1000).padStart(3, '0')}000Z`;
}
