/** Values that cannot be meant: the chart names the field instead of installing something else. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { render } from '../../local/helm.ts';
import { least, type Role } from './values.ts';

const { hub, island, standalone } = least;
const [store] = standalone.stores;
const inStore = (change: object) => ({ ...standalone, stores: [{ ...store, ...change }] });
const without = (field: keyof typeof store) => ({ ...standalone, stores: [{ ...store, [field]: undefined }] });

const cases: Record<string, [object, RegExp]> = {
  'no role': [{}, /'\/role'/],
  'a role that is none': [{ ...hub, role: 'center' }, /'\/role': value must be one of 'hub', 'island', 'standalone'/],
  'a mistyped value': [{ ...hub, replica: 3 }, /additional properties 'replica' not allowed/],
  'a mistyped value of the image': [{ ...hub, image: { repo: 'x' } }, /'\/image': additional properties 'repo' not allowed/],
  'a mistyped value of the link': [
    { ...island, link: { ...island.link, server: 'x' } },
    /'\/link': additional properties 'server'/,
  ],
  'a mistyped value of NATS': [
    { ...hub, nats: { ...hub.nats, service: { nodeport: 30422 } } },
    /'\/nats\/service': additional properties 'nodeport'/,
  ],
  'a mistyped value of a store': [inStore({ buckets: 'x' }), /'\/stores\/0': additional properties 'buckets'/],
  'a mistyped value of the kinds': [{ ...hub, crds: { kept: true } }, /'\/crds': additional properties 'kept'/],
  'a mistyped value of a quota': [{ ...hub, quotas: { research: { gpu: 1 } } }, /'\/quotas\/research'/],
  'no store': [{ ...hub, stores: [] }, /'\/stores': minItems/],
  'a store without name': [without('name'), /'\/stores\/0': missing property 'name'/],
  'a store without bucket': [without('bucket'), /'\/stores\/0': missing property 'bucket'/],
  'a store without the Secret of training pods': [without('secretName'), /'\/stores\/0': missing property 'secretName'/],
  'a store without the Secret of the operator': [
    without('readOnlySecretName'),
    /'\/stores\/0': missing property 'readOnlySecretName'/,
  ],
  'an endpoint that is no URL': [inStore({ endpoint: 's3.example.org' }), /'\/stores\/0\/endpoint'/],
  'a path style in quotes': [inStore({ pathStyle: 'yes' }), /'\/stores\/0\/pathStyle': got string, want boolean/],
  'an island without a name': [{ ...island, island: {} }, /'\/island\/name'/],
  'an island without servers': [{ ...island, link: { credentials: 'x' } }, /'\/link\/servers'/],
  'an island without credentials': [{ ...island, link: { servers: island.link.servers } }, /'\/link\/credentials'/],
  'a server that is no NATS': [{ ...island, link: { ...island.link, servers: ['https://x'] } }, /'\/link\/servers\/0'/],
  'two of an island': [{ ...island, replicas: 2 }, /'\/replicas': maximum/],
  'quotas at an island, which a hub decides on': [{ ...island, quotas: { research: { gpus: 1 } } }, /'\/quotas'/],
  'NATS for islands without an address': [{ ...hub, nats: {} }, /'\/nats\/hosts': minItems/],
  'NATS elsewhere without its address': [{ ...hub, nats: { enabled: false } }, /'\/link\/servers'/],
  'NATS elsewhere without credentials': [
    { ...hub, nats: { enabled: false }, link: { servers: ['tls://x'] } },
    /'\/link\/existingSecret'/,
  ],
  'limits of an island at a hub, which does not enforce them': [{ ...hub, admit: { maxGpus: 4 } }, /'\/admit\/maxGpus'/],
  'a duration without unit': [{ ...hub, islandSilence: 30 }, /'\/islandSilence': got number, want string/],
  'a duration in words': [{ ...hub, claimDeadline: '2 minutes' }, /'\/claimDeadline'/],
  'a port that is none': [{ ...hub, metrics: { port: 70_000 } }, /'\/metrics\/port': maximum/],
  'a node port out of range': [
    { ...hub, nats: { ...hub.nats, service: { nodePort: 4222 } } },
    /'\/nats\/service\/nodePort': minimum/,
  ],
  'a log level that is none': [{ ...hub, logLevel: 'verbose' }, /'\/logLevel'/],
  'a range that is none': [{ ...standalone, network: { stores: [{ cidr: 's3.example.org' }] } }, /'\/network\/stores\/0\/cidr'/],
  'a namespace that is none': [{ ...standalone, namespaces: ['Research'] }, /'\/namespaces\/0'/],
  'a group of values set to nothing': [{ ...hub, link: null }, /missing property 'link'/],
};

describe('the chart refuses', () => {
  for (const [what, [values, message]] of Object.entries(cases))
    it(what, async () => {
      await assert.rejects(render(values), message);
    });
});

describe('the chart takes', () => {
  const taken: Record<string, [Role, object]> = {
    'what Helm adds to a chart inside another': ['hub', { global: { anything: 1 } }],
    'a hub of no replicas, to stop it for a while': ['hub', { replicas: 0 }],
    'resources without a limit': ['standalone', { resources: { limits: null } }],
  };
  for (const [what, [role, change]] of Object.entries(taken))
    it(what, async () => {
      assert.ok((await render({ ...least[role], ...change })).length > 0);
    });
});
