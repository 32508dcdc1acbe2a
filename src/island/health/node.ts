/** What a node says of its own health: by conditions and taints of Kubernetes, node-problem-detector, NVSentinel and the clouds' agents. */
import type { Node } from '../../kube/core.ts';
import { quantity } from '../quantity.ts';

export interface NodeHealth {
  /** Faults of GPUs or of their driver, in words. */
  readonly gpu: readonly string[];
  /** Other things that are wrong with the node, in words. */
  readonly bad: readonly string[];
  /** The taint that says that the node is about to go. */
  readonly leaving?: string;
}

/** Condition types that mean a faulty GPU while they have this status. */
const gpuConditions: readonly { type: RegExp; status: 'True' | 'False' }[] = [
  // NVSentinel: one condition a check of DCGM, and those of its reader of the system log.
  { type: /^Gpu[A-Za-z]+(Watch|Error)$/, status: 'True' },
  { type: /^SysLogs(XIDError|SXIDError|GPUFallenOff)$/, status: 'True' },
  // node-problem-detector as AKS configures it, and as many do by hand.
  { type: /^(GPUMissing|XIDErrors|NVLinkStatusInactive|GpuUnhealthy|GPUProblem)$/, status: 'True' },
  // The node monitoring agent of EKS.
  { type: /^AcceleratedHardwareReady$/, status: 'False' },
];

/** Conditions of the kubelet and of node-problem-detector that make any failure on the node suspect. */
const badConditions: readonly { type: RegExp; status: 'True' | 'False' }[] = [
  { type: /^(KernelDeadlock|ReadonlyFilesystem|CorruptDockerOverlay2|XfsShutdown|CperHardwareErrorFatal)$/, status: 'True' },
  { type: /^Frequent(KubeletRestart|DockerRestart|ContainerdRestart|UnregisterNetDevice)$/, status: 'True' },
  { type: /^(KernelReady|StorageReady|ContainerRuntimeReady)$/, status: 'False' },
];

/** Taints by which NVSentinel and others take a node with a faulty GPU out of use. */
const gpuTaint =
  /^(nvidia\.com\/(gpu-[a-z-]*(error|fault|unhealthy)|syslog-xid-error)|nvsentinel[./].*|dgxc\.nvidia\.com\/nvsentinel.*)$/;

/** Taints of a spot notice or of a shutdown, by the termination handlers of the clouds. */
const leavingTaints = new Set([
  'aws-node-termination-handler/spot-itn',
  'aws-node-termination-handler/scheduled-maintenance',
  'aws-node-termination-handler/asg-lifecycle-termination',
  'cloud.google.com/impending-node-termination',
  'node.cloudprovider.kubernetes.io/shutdown',
  'karpenter.sh/disrupted',
]);

type Condition = NonNullable<NonNullable<Node['status']>['conditions']>[number];

const named = (list: readonly { type: RegExp; status: string }[]) => (condition: Condition) =>
  list.some(({ type, status }) => condition.status === status && type.test(condition.type));

const words = ({ type, status, reason, message }: Condition) =>
  `${type}=${status}${reason === undefined || reason === '' ? '' : ` (${reason})`}${message === undefined || message === '' ? '' : `: ${message.slice(0, 160)}`}`;

const gpus = 'nvidia.com/gpu';

export function healthOf(node: Node): NodeHealth {
  const conditions = node.status?.conditions ?? [];
  const taints = node.spec?.taints ?? [];
  const capacity = quantity(node.status?.capacity?.[gpus]);
  const unhealthy = capacity - quantity(node.status?.allocatable?.[gpus]);
  const leaving = taints.find(({ key }) => leavingTaints.has(key))?.key;
  return {
    gpu: [
      ...conditions.filter(named(gpuConditions)).map(words),
      ...taints
        .filter(({ key }) => gpuTaint.test(key))
        .map(({ key, value }) => `taint ${key}${value === undefined ? '' : `=${value}`}`),
      ...(unhealthy > 0 ? [`the device plugin has taken back ${unhealthy} of ${capacity} GPUs`] : []),
    ],
    bad: conditions.filter(named(badConditions)).map(words),
    ...(leaving === undefined ? {} : { leaving }),
  };
}
