/** What a resource kind is, beyond its schema: names, columns and what the API server is told about it. */
import type { z } from 'zod';
import type { KubeObject } from '../kube/types.ts';
import type { Rule } from './fields.ts';
import type { Freeze } from './frozen.ts';

export const group = 'atoll.dev';
export const version = 'v1alpha1';
export const apiVersion = `${group}/${version}` as const;

/** One column of `kubectl get`; `wide` ones show with `-o wide` only. */
export interface Column {
  name: string;
  path: string;
  type: 'string' | 'integer' | 'date' | 'boolean';
  description: string;
  wide?: boolean;
}

/** Structurally a `ResourceType<T>` of the engine, plus everything the CRD is generated from. */
export interface KindInfo<T extends KubeObject = KubeObject> {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly namespaced: boolean;
  readonly description: string;
  readonly spec: z.ZodObject;
  readonly status: z.ZodObject;
  readonly columns: readonly Column[];
  readonly selectable: readonly string[];
  /** CEL rules on the whole object: its name, and spec against status. */
  readonly rules: readonly Rule[];
  /** What of the spec may change after creation. */
  readonly freeze: Freeze;
  readonly _type?: T;
}

type Declared<T extends KubeObject> = Omit<KindInfo<T>, 'group' | 'version' | 'singular' | 'namespaced' | '_type'> & {
  namespaced?: boolean;
};

/** Completes a declaration with what all Atoll kinds share. */
export function defineKind<T extends KubeObject>(declared: Declared<T>): KindInfo<T> {
  return { group, version, singular: declared.kind.toLowerCase(), namespaced: true, ...declared };
}

/** Rule for the length and letters of an object's own name; longer names would not fit into those derived from it. */
export function nameRule(max: number, because: string): Rule {
  return {
    rule: `size(self.metadata.name) <= ${max} && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')`,
    message: `metadata.name must have at most ${max} lower-case letters, digits and "-" (${because})`,
    fieldPath: '.metadata.name',
  };
}
