/** Rules for faulty GPUs: what the node's conditions say, and what the driver's error numbers (XID) ask for. */
import type { Ending } from '../ending.ts';
import { loggedXids, reportedXids, xidMeaning } from '../health/xid.ts';
import { type FailureRule, trainerFailed, trainerSays } from './rule.ts';

/** From the log of the trainer, the events, and the conditions of the node. */
const xids = ({ lines = '', events = [], nodeHealth, trainer }: Ending) => [
  ...new Set([
    ...loggedXids(`${lines}\n${trainer?.message ?? ''}`),
    ...reportedXids([...events, ...(nodeHealth?.gpu ?? [])].join('\n')),
  ]),
];
const hardware = (end: Ending) => xids(end).filter((code) => ['Gpu', 'Node'].includes(xidMeaning(code)));
const application = (end: Ending) => xids(end).filter((code) => xidMeaning(code) === 'Application');

/** Whether an end is one that a faulty GPU can explain: the trainer failed or hung, or Kubernetes drained the node. */
const explains = (end: Ending) => trainerFailed(end) || end.disruption !== undefined || end.why === 'Stalled';

/** An earlier attempt that ended with one of these codes; its message names it. */
const earlier = (end: Ending) =>
  end.past.find(
    ({ rule, message = '' }) => rule === 'xid-application' && application(end).some((code) => message.startsWith(`XID ${code}:`)),
  );
const first = (end: Ending) => `XID ${application(end)[0]}: ${trainerSays(end)}`;

export const gpuRules: readonly FailureRule[] = [
  {
    name: 'xid-hardware',
    class: 'GpuFault',
    action: 'RetryElsewhere',
    counted: false,
    seen: 'an XID that asks for a reset of the GPU or of the node, in the log, the events or the conditions of the node',
    hint: 'Have the node drained and its GPU reset or replaced. The work goes on elsewhere by itself.',
    matches: (end) => explains(end) && hardware(end).length > 0,
    message: (end) => `XID ${hardware(end).join(', ')} on node ${end.node}: ${trainerSays(end)}`,
  },
  {
    name: 'gpu-unhealthy',
    class: 'GpuFault',
    action: 'RetryElsewhere',
    counted: false,
    seen: 'a condition, a taint or the device plugin says that a GPU of the node is faulty',
    hint: 'Look at the conditions of the node: kubectl describe node. The work goes on elsewhere by itself.',
    matches: (end) => explains(end) && end.gpus > 0 && (end.nodeHealth?.gpu.length ?? 0) > 0 && application(end).length === 0,
    message: (end) => `node ${end.node}: ${end.nodeHealth?.gpu.join('; ')}`,
  },
  {
    name: 'xid-two-nodes',
    class: 'Application',
    action: 'Fail',
    counted: false,
    seen: 'the same application XID (such as 13 or 31) on two nodes',
    hint: 'The program makes the GPU fail: look for illegal memory accesses, for example with compute-sanitizer.',
    matches: (end) => explains(end) && earlier(end) !== undefined && earlier(end)?.node !== end.node,
    message: (end) => `on ${earlier(end)?.node} and on ${end.node}: ${first(end)}`,
  },
  {
    name: 'xid-repeated',
    class: 'GpuFault',
    action: 'RetryElsewhere',
    counted: false,
    seen: 'the same application XID a second time on one node',
    hint: 'Have the GPU of the node diagnosed. The work goes on elsewhere by itself.',
    matches: (end) => explains(end) && earlier(end) !== undefined,
    message: (end) => `again on node ${end.node}: ${first(end)}`,
  },
  {
    name: 'xid-application',
    class: 'Crash',
    action: 'RetryInPlace',
    counted: true,
    seen: 'an XID that a program can cause (such as 13, 31 or 94), for the first time',
    hint: 'Nothing yet: it is tried again in place. If it comes again the GPU or the program is at fault.',
    matches: (end) => explains(end) && application(end).length > 0,
    message: first,
  },
];
