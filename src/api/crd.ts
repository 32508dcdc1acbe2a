/** CustomResourceDefinitions from the kinds. */
import { freeze, type Hidden } from './frozen.ts';
import type { Column, KindInfo } from './kind.ts';
import { lower, type Structural } from './structural.ts';

export interface CustomResourceDefinition {
  apiVersion: 'apiextensions.k8s.io/v1';
  kind: 'CustomResourceDefinition';
  metadata: { name: string; labels: Record<string, string> };
  spec: Record<string, unknown>;
}

/** The schema of `spec`, with the rules that freeze it, and the free-form fields that those cannot guard. */
export function specSchema(kind: KindInfo): { schema: Structural; hidden: Hidden[] } {
  const schema = lower(kind.spec, `${kind.kind}.spec`);
  return { schema, hidden: freeze(schema, kind.freeze) };
}

export function crd(kind: KindInfo): CustomResourceDefinition {
  const root = {
    type: 'object',
    description: kind.description,
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string', description: `Always ${kind.group}/${kind.version}.` },
      kind: { type: 'string', description: `Always ${kind.kind}.` },
      // Named here so that a rule can point at it.
      metadata: { type: 'object', properties: { name: { type: 'string' } } },
      spec: { ...specSchema(kind).schema, description: 'What is wanted.' },
      status: { ...lower(kind.status, `${kind.kind}.status`), description: 'What is. Written by Atoll only.' },
    },
    'x-kubernetes-validations': kind.rules,
  };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${kind.plural}.${kind.group}`, labels: { 'app.kubernetes.io/part-of': 'atoll' } },
    spec: {
      group: kind.group,
      scope: kind.namespaced ? 'Namespaced' : 'Cluster',
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.plural,
        singular: kind.singular,
        shortNames: kind.shortNames,
        categories: ['atoll'],
      },
      versions: [
        {
          name: kind.version,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: kind.columns.map(printerColumn),
          selectableFields: kind.selectable.map((jsonPath) => ({ jsonPath })),
          schema: { openAPIV3Schema: root },
        },
      ],
    },
  };
}

function printerColumn({ name, path, type, description, wide }: Column) {
  return { name, type, jsonPath: path, description, ...(wide && { priority: 1 }) };
}
