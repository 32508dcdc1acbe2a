/** Admission policies for free-form fields, which CEL on a CRD cannot see: frozen after creation, and bounded in size. */
import { specSchema } from './crd.ts';
import type { Hidden } from './frozen.ts';
import type { KindInfo } from './kind.ts';
import { requestAnnotations } from './labels.ts';
import { maxRequests, moveEntry, moveForm, retryEntry, retryForm } from './requests.ts';

/** `params` and `podTemplate` of one container together, in characters. */
export const maxFreeForm = 32 * 1024;
/** The whole spec, in characters: statuses, labels and managed fields must fit beside it in etcd and in messages. */
export const maxSpec = 128 * 1024;

interface Validation {
  expression: string;
  message: string;
  messageExpression?: string;
  reason: 'Invalid' | 'Forbidden';
}

/** The policy and its binding for one kind; undefined when the kind has no free-form field that is frozen. */
export function admissionPolicy(kind: KindInfo): [Record<string, unknown>, Record<string, unknown>] | undefined {
  const { hidden } = specSchema(kind);
  if (hidden.length === 0) return undefined;
  const name = `atoll-${kind.singular}-free-form`;
  const instead = kind.freeze.instead;
  const labels = { 'app.kubernetes.io/part-of': 'atoll' };
  const policy = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name, labels },
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: {
        resourceRules: [
          { apiGroups: [kind.group], apiVersions: [kind.version], operations: ['CREATE', 'UPDATE'], resources: [kind.plural] },
        ],
      },
      variables: hidden.flatMap(variables),
      validations: [
        ...hidden.map((field) => unchanged(field, instead)),
        ...together(hidden.map(({ path }) => path)).map(bounded),
        boundedSpec,
        ...(asksOf.includes(kind.kind) ? requests : []),
      ],
    },
  };
  const binding = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name, labels },
    spec: { policyName: name, validationActions: ['Deny'] },
  };
  return [policy, binding];
}

interface Variable {
  name: string;
  expression: string;
}

/** `expert.params` becomes the variables `expertParamsBefore` and `expertParamsAfter`. */
const camel = (path: string) => path.replace(/\.(.)/g, (_, letter: string) => letter.toUpperCase());
const before = (path: string) => `variables.${camel(path)}Before`;
const after = (path: string) => `variables.${camel(path)}After`;

function variables({ path, list }: Hidden): Variable[] {
  const none = list ? '[]' : '{}';
  const read = (root: string) => `${root}.?spec.?${path.replaceAll('.', '.?')}.orValue(${none})`;
  return [
    // There is no old object at creation.
    { name: `${camel(path)}Before`, expression: `oldObject == null ? ${none} : ${read('oldObject')}` },
    { name: `${camel(path)}After`, expression: read('object') },
  ];
}

function unchanged({ path, list }: Hidden, instead: string): Validation {
  const [old, now] = [before(path), after(path)];
  const show = (map: string) => `(k in ${map} ? '%s'.format([${map}[k]]) : 'unset')`;
  const keys = `(${now}.map(k, k) + ${old}.filter(k, !(k in ${now})))`;
  const differs = `!(k in ${old}) || !(k in ${now}) || ${old}[k] != ${now}[k]`;
  const changes = `${keys}.filter(k, ${differs}).map(k, '%s from %s to %s'.format([k, ${show(old)}, ${show(now)}])).join(', ')`;
  const message = `spec.${path} cannot change after creation: ${instead}`;
  return {
    expression: `request.operation != 'UPDATE' || ${old} == ${now}`,
    message,
    ...(!list && { messageExpression: `'spec.${path} cannot change after creation (' + ${changes} + '): ${instead}'` }),
    reason: 'Invalid',
  };
}

/** The text of a value is close to its JSON, and the only measure that CEL has. */
const sizeOf = (value: string) => `size('%s'.format([${value}]))`;

const boundedSpec: Validation = {
  expression: `${sizeOf('object.spec')} <= ${maxSpec}`,
  message: `spec is too long: at most ${maxSpec} characters are allowed`,
  messageExpression: `'spec has ' + string(${sizeOf('object.spec')}) + ' characters, at most ${maxSpec} are allowed'`,
  reason: 'Invalid',
};

/** Kinds of which users ask by annotation, which no CEL rule on a CRD can see. */
const asksOf = ['ExpertTraining', 'ExpertDataset'];
const requests = [
  readable(requestAnnotations.retry, retryEntry, retryForm),
  readable(requestAnnotations.move, moveEntry, moveForm),
];

/** An annotation that was there before is left alone: what cannot be read must not keep an object from being deleted. */
function readable(name: string, entry: string, form: string): Validation {
  const read = (root: string) => `${root}.metadata.?annotations[?'${name}'].orValue('')`;
  const [old, now] = [`(oldObject == null ? '' : ${read('oldObject')})`, read('object')];
  const message = `annotation ${name} cannot be read: allowed is ${form}`;
  return {
    expression: `${now} == ${old} || (size(${now}) <= ${maxRequests} && ${now}.matches('^ *(${entry}( *, *${entry})*)? *$'))`,
    message,
    messageExpression: `'annotation ${name}: cannot read "' + (size(${now}) > 100 ? ${now}.substring(0, 100) + '…' : ${now}) + '": allowed is ${form}'`,
    reason: 'Invalid',
  };
}

/** Free-form fields are bounded by container: `expert.params` with `expert.podTemplate`; an IslandJob has one container. */
function together(paths: string[]): string[][] {
  const groups = Map.groupBy(paths, (path) => (path.includes('.') && !path.startsWith('container.') ? path.split('.')[0] : ''));
  return [...groups.values()];
}

function bounded(paths: string[]): Validation {
  const size = paths.map((path) => sizeOf(after(path))).join(' + ');
  const names = paths.map((path) => `spec.${path}`).join(' and ');
  const limit = `at most ${maxFreeForm} are allowed: put large settings into the image or a ConfigMap`;
  return {
    expression: `${size} <= ${maxFreeForm}`,
    message: `${names} are too long together: ${limit}`,
    messageExpression: `'${names} have ' + string(${size}) + ' characters together, ${limit}'`,
    reason: 'Invalid',
  };
}
