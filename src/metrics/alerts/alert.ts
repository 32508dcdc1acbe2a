/** What an alert is: a row from which come the chart's rule, its line in the reference, and the check that it has a runbook. */

/** critical: data is being lost, or nothing works at all. warning: somebody has to act in working hours. info: good to know. */
export type Severity = 'critical' | 'warning' | 'info';

export interface Alert {
  readonly name: string;
  readonly severity: Severity;
  /**
   * PromQL. `{threshold}` is the number from the chart's values, `{role}` the role of the release. Sums over what a hub exports take
   * `max by`, since at a change of leader two of its pods may show an object for one scrape.
   */
  readonly expr: string;
  /** Unit and meaning of `{threshold}`; absent for an alert that has none. */
  readonly threshold?: string;
  /** One line. Of templates only `{{ $labels.x }}` is used, so that tests can compare the whole text. */
  readonly summary: string;
  /** What it means and why it matters, in a sentence or two. */
  readonly description: string;
}

/** Where a group of alerts makes sense. */
export type Where = 'everywhere' | 'hub and standalone' | 'hub and island';

export interface AlertGroup {
  readonly name: string;
  readonly where: Where;
  readonly alerts: readonly Alert[];
}

/** By how much a counter grew; unlike `increase` alone it also counts a series that began within the range. */
export const grown = (series: string, range: string) =>
  `((${series} unless ${series} offset ${range}) or increase(${series}[${range}]))`;

/** Only series of Atoll's own processes: other operators export the same names. */
export const ofAtoll = (series: string) => `(${series} and on (job, instance) atoll_build_info)`;
