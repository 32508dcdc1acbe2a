/** Leader election on a coordination.k8s.io Lease, by what this process itself observes; other hosts' clocks are never trusted. */
import { type Clock, type Random, timestamp } from '../clock.ts';
import { link } from './abort.ts';
import { type Lease as LeaseObject, leases } from './core.ts';
import { ApiError, isConflict, LeaseLostError, messageOf } from './errors.ts';
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
  /** Resolves once we hold it; rejects with the signal's reason when it is aborted first. */
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
  /** Our last write of `seen` succeeded and nothing says that anyone wrote since. */
  let current = false;
  /** Timers, not wall times: a clock that is set forward or back must not move the lease. */
  let expired = false;
  let stopExpiry: () => void = () => {};
  let stopDeadline: () => void = () => {};
  let onLost: () => void = () => {};

  function setHeld(value: boolean): void {
    stopDeadline();
    stopDeadline = () => {};
    if (held && !value) onLost();
    held = value;
    metrics?.leader.set({ name }, value ? 1 : 0);
  }
  setHeld(false);

  function observe(lease: LeaseObject): void {
    if (seen?.metadata.resourceVersion === lease.metadata.resourceVersion) return;
    seen = lease;
    holder = lease.spec.holderIdentity || undefined;
    expired = false;
    stopExpiry();
    stopExpiry = clock.timer((lease.spec.leaseDurationSeconds ?? durationSeconds) * 1000, () => {
      expired = true;
    });
  }

  /** The lease with us as its holder, or undefined while it is someone else's. */
  async function write(signal: AbortSignal): Promise<LeaseObject | undefined> {
    const now = microTime(clock.now());
    const mine = { holderIdentity: identity, leaseDurationSeconds: durationSeconds, renewTime: now };
    if (!current || !held) {
      const found = await client.get(leases, { namespace, name }, { signal });
      if (!found) {
        const spec = { ...mine, acquireTime: now, leaseTransitions: 0 };
        return await client.create(leases, { metadata: { namespace, name }, spec }, { signal });
      }
      observe(found);
    }
    const ours = holder === identity;
    if (!seen || (!ours && holder !== undefined && !expired)) return undefined;
    const { uid, resourceVersion } = seen.metadata;
    const taken = ours ? {} : { acquireTime: now, leaseTransitions: (seen.spec.leaseTransitions ?? 0) + 1 };
    const patch = { metadata: { uid, resourceVersion }, spec: { ...mine, ...taken } };
    return await client.patch(leases, { namespace, name }, patch, { contentType: 'merge', signal });
  }

  /** One try to acquire or renew. The deadline counts from before it was sent: nobody knows when it took effect. */
  async function tryOnce(signal: AbortSignal): Promise<void> {
    let late = false;
    const stop: () => void = clock.timer(deadlineMs, () => {
      late = true;
      if (stopDeadline === stop) setHeld(false);
    });
    try {
      const lease = await write(signal);
      if (lease && !late) {
        observe(lease);
        setHeld(true);
        stopDeadline = stop;
      }
      current = lease !== undefined;
    } catch (error) {
      current = false;
      if (signal.aborted) return;
      const race = error instanceof ApiError && (error.isConflict || error.isAlreadyExists);
      log[race ? 'debug' : 'warn']({ lease: name, error: messageOf(error) }, 'cannot acquire or renew the lease');
    } finally {
      if (stopDeadline !== stop) stop();
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
      for (;;) {
        signal.throwIfAborted();
        await tryOnce(signal);
        if (held) break;
        if (holder !== undefined && holder !== told)
          log.info({ lease: name, holder }, 'another process holds the lease; waiting');
        told = holder;
        await pause(signal);
      }
      log.info({ lease: name, identity }, 'lease acquired');
    },
    async hold(signal) {
      const linked = link(signal);
      // At the deadline, not after the next try: from then on another process may be acting.
      onLost = () => linked.abort(new LeaseLostError(`cannot hold lease ${name}: no renewal within ${deadlineMs / 1000} s`));
      if (!held) onLost();
      try {
        while (!linked.signal.aborted) {
          await pause(linked.signal).catch(() => undefined);
          if (!linked.signal.aborted) await tryOnce(linked.signal);
          if (held && holder !== identity) {
            setHeld(false);
            throw new LeaseLostError(`cannot hold lease ${name}: ${holder ?? 'nobody'} holds it now`);
          }
        }
        if (!signal.aborted) throw linked.signal.reason;
      } finally {
        linked.unlink();
        onLost = () => {};
      }
    },
    async release() {
      stopExpiry();
      if (!held || !seen) return;
      setHeld(false);
      const give = (lease: LeaseObject) => {
        const { uid, resourceVersion } = lease.metadata;
        const patch = { metadata: { uid, resourceVersion }, spec: { holderIdentity: '', leaseDurationSeconds: 1 } };
        return client.patch(leases, { namespace, name }, patch, { contentType: 'merge' });
      };
      try {
        try {
          await give(seen);
        } catch (error) {
          // A renewal that was cut off may have been written: what `seen` holds is then older than the lease.
          const found = isConflict(error) ? await client.get(leases, { namespace, name }) : undefined;
          if (found?.spec.holderIdentity !== identity) throw error;
          await give(found);
        }
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
