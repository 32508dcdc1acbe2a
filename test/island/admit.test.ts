/** What an island admits, as a table: its namespaces, images, GPUs and stores, whatever a podTemplate hides. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { createAdmit } from '../../src/island/admit.ts';
import type { IslandSettings } from '../../src/island/settings.ts';
import { settings, spec } from './builders.ts';

const verdict = (island: Partial<IslandSettings>, over: Record<string, unknown> = {}, namespace = 'research') =>
  createAdmit({ ...settings, ...island })({ namespace, spec: spec(over) });
const container = (over: Record<string, unknown> = {}, gpus = 0) => ({
  container: { image: 'ghcr.io/lab/trainer:2', resources: { cpu: '1', memory: '1Gi', gpus }, ...over },
});
const patched = (podSpec: Record<string, unknown>) => container({ podTemplate: { spec: podSpec } });
const images = (...list: string[]) => ({ admit: { images: list } });

describe('an island without lists', () => {
  it('admits everything', () => assert.equal(verdict({}, { ...container({}, 8), nodes: 8 }), undefined));

  it('but nothing that needs a store it does not know', () => {
    assert.deepEqual(verdict({}, { output: { store: 'far', prefix: 'x/' } }), {
      reason: 'StoreUnknown',
      message: 'store far is not in the settings of island local: it knows default',
    });
  });
});

describe('namespaces', () => {
  it('not named are refused, with those that are', () => {
    assert.deepEqual(verdict({ namespaces: ['vision', 'audio'] }), {
      reason: 'NamespaceNotAdmitted',
      message: 'island local does not admit the namespace research: it admits vision, audio',
    });
    assert.equal(verdict({ namespaces: ['research'] }), undefined);
  });
});

describe('images', () => {
  for (const [sentence, allowed, over, admitted] of [
    ['the whole reference', 'ghcr.io/lab/trainer:2', container(), true],
    ['another tag', 'ghcr.io/lab/trainer:1', container(), false],
    ['a start with "*"', 'ghcr.io/lab/*', container(), true],
    ['a start without "*"', 'ghcr.io/lab/', container(), false],
    ['another start', 'ghcr.io/lap/*', container(), false],
    [
      'an image that a podTemplate gives the trainer',
      'ghcr.io/lab/*',
      patched({ containers: [{ name: 'trainer', image: 'evil' }] }),
      false,
    ],
    [
      'an image that a podTemplate adds before it',
      'ghcr.io/lab/*',
      patched({ initContainers: [{ name: 'first', image: 'evil' }] }),
      false,
    ],
    ['an added container without an image', 'ghcr.io/lab/*', patched({ initContainers: [{ name: 'first' }] }), false],
    ['an image mounted as a volume', 'ghcr.io/lab/*', patched({ volumes: [{ name: 'v', image: { reference: 'evil' } }] }), false],
    [
      'an admitted image that a podTemplate adds',
      'ghcr.io/lab/*',
      patched({ initContainers: [{ name: 'f', image: 'ghcr.io/lab/x' }] }),
      true,
    ],
  ] as const)
    it(`${admitted ? 'admits' : 'refuses'} ${sentence}`, () => {
      assert.equal(verdict(images(allowed), over)?.reason, admitted ? undefined : 'ImageNotAdmitted');
    });

  it('of Atoll itself need not be named: no podTemplate can change them', () => {
    assert.equal(verdict(images('ghcr.io/lab/trainer:2'), container()), undefined);
  });

  it('are named in the refusal', () => {
    assert.equal(
      verdict(images('a', 'b*'), container())?.message,
      'island local does not admit the image ghcr.io/lab/trainer:2: it admits a, b*',
    );
  });
});

describe('a podTemplate of any shape', () => {
  const word = fc.constantFrom('spec', 'metadata', 'containers', 'initContainers', 'volumes', 'resources', 'limits', 'trainer');
  const key = fc.oneof(word, fc.constantFrom('name', 'image', 'reference', 'resourceClaims', 'nvidia.com/gpu', 'labels'));
  const { shape } = fc.letrec((tie) => ({
    shape: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom<unknown>(null, '', 'trainer', 4, true),
      fc.array(tie('shape'), { maxLength: 3 }),
      fc.dictionary(key, tie('shape'), { maxKeys: 5 }),
    ),
  }));

  it('is judged without an error', () => {
    const admit = createAdmit({ ...settings, admit: { images: ['ghcr.io/lab/*'], maxGpus: 4 } });
    fc.assert(
      fc.property(fc.dictionary(key, shape, { maxKeys: 3 }), fc.dictionary(key, shape), (template, podSpec) => {
        for (const podTemplate of [template, { spec: podSpec }])
          admit({ namespace: 'research', spec: { ...spec(), ...container({ podTemplate }) } });
      }),
      { numRuns: 500 },
    );
  });

  it('is left to the API server when it has no containers at all', () => {
    for (const containers of [null, {}, [null], 'trainer'])
      assert.equal(verdict({ admit: { images: ['ghcr.io/lab/*'], maxGpus: 4 } }, patched({ containers })), undefined);
  });
});

describe('GPUs', () => {
  const limit = { admit: { maxGpus: 4 } };
  const limits = (name: string, amount: unknown) =>
    patched({ containers: [{ name: 'trainer', resources: { limits: { [name]: amount } } }] });
  for (const [sentence, over, admitted] of [
    ['as many as the limit', container({}, 4), true],
    ['one more', container({}, 5), false],
    ['as many over all pods of a gang', { ...container({}, 2), nodes: 2 }, true],
    ['more over all pods of a gang', { ...container({}, 2), nodes: 3 }, false],
    ['those of another maker in a podTemplate', limits('amd.com/gpu', '8'), false],
    ['slices of one in a podTemplate', limits('nvidia.com/mig-1g.5gb', 5), false],
    ['an amount that it cannot read', limits('amd.com/gpu', '1e0'), false],
    ['an amount that is none', limits('amd.com/gpu', []), false],
    ['other devices', limits('rdma/hca', '8'), true],
    ['what it cannot count', patched({ resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 'h100' }] }), false],
  ] as const)
    it(`${admitted ? 'admits' : 'refuses'} ${sentence}`, () => {
      assert.equal(verdict(limit, over)?.reason, admitted ? undefined : 'LimitExceeded');
    });

  it('are counted in the refusal', () => {
    assert.equal(
      verdict(limit, { ...container({}, 2), nodes: 3 })?.message,
      'the work asks for 6 GPUs in its 3 pods, island local admits at most 4',
    );
  });
});
