/** Every metric that Atoll exports, in groups: what the reference, the rules and the boards are checked against. */
import { dashboardMetricRows } from '../dashboard/server/metrics.ts';
import { kubeMetricRows } from '../kube/metrics.ts';
import { linkMetricRows } from '../link/metrics.ts';
import type { Row } from './instruments.ts';
import { jobMetricRows } from './jobs.ts';
import { expertGauges } from './objects/expert.ts';
import { islandGauges } from './objects/island.ts';
import { datasetGauges, trainingGauges } from './objects/training.ts';
import { buildRows, processMetrics } from './process.ts';
import { storageMetricRows } from './storage.ts';

export interface MetricGroup {
  readonly title: string;
  /** Who exports it, and what is to be known about all of it. */
  readonly about: string;
  readonly rows: readonly Row[];
}

const object =
  'Exported by the leader of a hub and by standalone. Read from the stores at each scrape: a series goes with its object, and a standby exports none.';

export const metricGroups: readonly MetricGroup[] = [
  { title: 'Process', about: 'Exported by every role.', rows: Object.values(buildRows) },
  { title: 'Trainings and data sets', about: object, rows: [...trainingGauges, ...datasetGauges] },
  {
    title: 'Experts',
    about: `${object} The value metrics.perExpert=false switches these off: they are about a dozen series for each expert.`,
    rows: expertGauges,
  },
  { title: 'Islands', about: object, rows: islandGauges },
  {
    title: 'IslandJobs',
    about:
      'Exported by the leader of a hub and by standalone, about all islands. Partitions, experts, routers and evaluations are told apart by the label role. No label names a run.',
    rows: Object.values(jobMetricRows),
  },
  {
    title: 'Object stores',
    about: 'Exported by hub and standalone, about their own requests; what couriers ask is not in it.',
    rows: Object.values(storageMetricRows),
  },
  { title: 'Link', about: 'Exported by hub and island.', rows: Object.values(linkMetricRows) },
  {
    title: 'Dashboard',
    about: 'Exported by hub and standalone, where the dashboard is on.',
    rows: Object.values(dashboardMetricRows),
  },
  {
    title: 'Engine',
    about:
      'Exported by every role, under the names and labels of controller-runtime and client-go, so that their boards and alerts work. A controller has no panics and no time-outs of its own here: both are errors.',
    rows: Object.values(kubeMetricRows),
  },
];

/** Labels of each metric by its name, those that histograms have in Prometheus included. */
export function knownSeries(): Map<string, readonly string[]> {
  const series = new Map<string, readonly string[]>();
  for (const { name, type, labels = [] } of metricGroups.flatMap(({ rows }) => rows)) {
    if (type !== 'histogram') series.set(name, labels);
    else {
      series.set(`${name}_bucket`, [...labels, 'le']);
      for (const end of ['_sum', '_count']) series.set(`${name}${end}`, labels);
    }
  }
  for (const name of Object.keys(processMetrics)) for (const end of ['', '_bucket', '_sum', '_count']) series.set(name + end, []);
  return series;
}
