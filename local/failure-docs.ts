/** `npm run generate`: writes docs/failures.md from the failure rules and the table of driver errors. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { failureClasses, reasons } from '../src/api/reasons.ts';
import type { FailureAction } from '../src/api/work.ts';
import { UNCOUNTED_BARREN_PER_DAY, UNCOUNTED_PER_HOUR } from '../src/island/budget.ts';
import { type XidMeaning, xidMeanings } from '../src/island/health/xid.ts';
import type { FailureRule } from '../src/island/rules/rule.ts';
import { builtInRules } from '../src/island/rules.ts';
import { checkout } from './paths.ts';

export const failureDocsPath = 'docs/failures.md';

const intro = `<!-- Generated from src/island/rules by \`npm run generate\`. Do not edit. -->
# When an attempt fails

A work (a partition, an expert, a router, an evaluation) runs as one attempt after another. When an attempt ends without a published final
manifest, the island looks at its pod, its node, its log and its courier, and takes the first rule below that fits. The rule says what it was,
what follows, and whether that counts against \`retry.maxRestarts\`. No other expert is touched.

\`\`\`sh
kubectl -n NAMESPACE describe es TRAINING-e003           # status.failure: class, rule, node, step, message, hint, last lines of the log
kubectl -n NAMESPACE get ij -o wide                      # which attempt, how many counted failures
\`\`\`

**What follows.** *Retry* makes the next attempt anywhere, *in place* prefers the same node (a wish of the scheduler: a node that is full,
cordoned or gone holds nothing up; the pods of a gang go anywhere), *elsewhere* keeps it away from the node that failed, *block* ends the work until someone
repairs what the message says and asks for a retry. Every attempt resumes from the newest checkpoint that verifies. The first attempt
after real progress (a new checkpoint) comes at once; then each waits \`retry.backoff.initial\`, doubled each time up to \`retry.backoff.max\`.

**How soon.** Over 100 crashes of two works on one cluster of a quiet machine with two cores, the Job of the next attempt was there 411 ms (p50) and
1491 ms (p99) after the last container was seen terminated, and its trainer ran after 5.2 s (p50), most of which is the kubelet starting three containers.
\`sh local/run.sh test/bench/recovery.ts\` measures it again and prints a histogram.

**What does not count** still has limits: after ${UNCOUNTED_PER_HOUR} such ends within an hour each further attempt waits the longest back-off, and after
${UNCOUNTED_BARREN_PER_DAY} within a day that brought no checkpoint the next attempt waits until the first of them is a day old.

**Keeping away from nodes.** A node that failed is avoided for a day, by a node affinity on the pods of the next attempt, as long as enough other
nodes fit. When more than half of the nodes that fit look bad, none is avoided (event \`NodeAvoidanceDropped\`): then it is rather the work than the nodes.

**Standing still.** Three clocks start with the trainer's container and stop while something is being published: to the first step, to the next step,
to the next checkpoint. \`stall\` sets their limits (\`stall: {firstStep: 30m, step: 10m, checkpoint: 2h}\`); without it experts and routers have 30 minutes to
the first step, 10 minutes or three times their slowest step to the next, and, once two checkpoints have come, 2 hours or three times the longest time
between them. Partitions and evaluations have no limits unless you set some. The Python module writes the stacks of all threads to the log when a fifth of
a limit is left; then the pod is told to go with \`grace.save\` only. A pod whose courier does not answer is left alone: silence is no standstill.

**Numbers that are none.** When the loss is NaN or infinite, or the courier refuses weights that are, the newest checkpoint is not resumed from any more
(\`status.quarantined\` of the IslandJob), and the next attempt goes on from the one before it.

**Your own rules** (\`failureRules\` of expert, router, evaluation or data-set job) are read before all of these, for exit codes of the trainer:

\`\`\`yaml
failureRules:
  - {name: bad-config, onExitCodes: [2], action: Fail}                                             # block at once
  - {name: port-taken, onExitCodes: [1], onMessage: Address already in use, action: Ignore}         # again, not counted
  - {name: flaky, onExitCodes: [3], action: Retry}                                                  # again, counted
\`\`\`

## The classes

| class | what it means |
|---|---|
`;

const follows: Record<FailureAction, string> = {
  Retry: 'retry',
  RetryInPlace: 'retry in place',
  RetryElsewhere: 'retry elsewhere',
  Fail: 'block',
};

const cell = (text: string) => text.replaceAll('|', '\\|');

function row({ name, class: failure, action, counted, seen, hint }: FailureRule): string {
  return `| \`${name}\` | ${failure} | ${cell(seen)} | ${follows[action]} | ${counted ? 'yes' : 'no'} | ${cell(hint)} |\n`;
}

const xidWords: Record<XidMeaning, string> = {
  Application: 'the program may be at fault: retry in place; a second time on one node the GPU is, on two nodes the program',
  Gpu: 'the GPU needs a reset or repair: elsewhere',
  Node: 'the node needs a restart or repair: elsewhere',
  None: 'says nothing by itself',
};

export function failureDocs(): string {
  const classes = failureClasses.map((name) => `| ${name} | ${reasons[name]} |\n`);
  const xids = (Object.entries(xidMeanings) as [XidMeaning, readonly number[]][]).map(
    ([meaning, codes]) => `| ${codes.join(', ')} | ${xidWords[meaning]} |\n`,
  );
  return `${intro}${classes.join('')}
## The rules, in their order

Where a member of a gang other than pod 0 fails, the rule in the record is \`gang-member-failed\`, and the message names the rule from this table. Where
Kubernetes refuses the Job itself, it is \`job-refused\` (block) or \`name-taken\` (retry, not counted).

| rule | class | what is seen | what follows | counts | what to do |
|---|---|---|---|---|---|
${builtInRules.map(row).join('')}
## Errors of the GPU driver (XID)

Looked for in the last lines of the log (\`NVRM: Xid\`), in the events of pod and node, and in the conditions of the node. The table is data: \`src/island/health/xid.ts\`.

| XID | what it asks for |
|---|---|
${xids.join('')}`;
}

if (import.meta.main) await writeFile(join(checkout, failureDocsPath), failureDocs());
