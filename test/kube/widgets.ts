/** A custom resource to test the engine with: a spec, a status subresource and conditions that merge by type. */
import type { KubeClient, KubeObject, ResourceType } from '../../src/kube/types.ts';

export interface Widget extends KubeObject {
  spec: { size?: number; color?: string; note?: string };
  status?: { phase?: string; conditions?: { type: string; status: string }[] };
}

export const widgets: ResourceType<Widget> = {
  group: 'example.dev',
  version: 'v1',
  kind: 'Widget',
  plural: 'widgets',
  namespaced: true,
};

interface Definition extends KubeObject {
  spec: object;
}

const definitions: ResourceType<Definition> = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false,
};

const text = { type: 'string' };
const conditions = {
  type: 'array',
  items: { type: 'object', required: ['type'], properties: { type: text, status: text } },
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['type'],
};
const properties = {
  spec: { type: 'object', properties: { size: { type: 'integer' }, color: text, note: text } },
  status: { type: 'object', properties: { phase: text, conditions } },
};

/** Defines the kind and waits, up to ten seconds, until it is served. */
export async function defineWidgets(client: KubeClient): Promise<void> {
  await client.apply(
    definitions,
    {
      metadata: { name: 'widgets.example.dev' },
      spec: {
        group: 'example.dev',
        scope: 'Namespaced',
        names: { plural: 'widgets', singular: 'widget', kind: 'Widget' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            subresources: { status: {} },
            schema: { openAPIV3Schema: { type: 'object', properties } },
          },
        ],
      },
    },
    { fieldManager: 'test' },
  );
  for (let tries = 0; ; tries++) {
    try {
      await client.list(widgets);
      return;
    } catch (error) {
      if (tries === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
