/** Renders the chart atoll with the real helm. */
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { binaries } from './binaries.ts';
import { type CommandOptions, type CommandOutput, command } from './command.ts';
import { checkout } from './paths.ts';

export const chartDir: string = join(checkout, 'charts/atoll');

export interface Rendered {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  [field: string]: unknown;
}

/** Runs helm; `input` is its standard input. */
export async function helm(args: readonly string[], options: CommandOptions = {}): Promise<CommandOutput> {
  const programs = await binaries(['helm']);
  return await command(programs.helm, args, options);
}

/** The objects that `helm template` gives for these values, hooks and tests included. */
export async function render(values: object, namespace = 'atoll-system'): Promise<Rendered[]> {
  const args = ['template', 'atoll', chartDir, '--namespace', namespace, '--values', '-', '--kube-version', '1.35.4'];
  // JSON, because a bare "yes" is a text to one reader of YAML and true to the other.
  const { stdout } = await helm(args, { input: JSON.stringify(values) });
  return parseAllDocuments(stdout).flatMap((document) => {
    if (document.errors[0]) throw document.errors[0];
    // A template that gives nothing still leaves its comment.
    return (document.toJS() as Rendered | null) ?? [];
  });
}
