/** The command line itself: help on every level, words that are no verb, and what the decisions beneath say. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runCli } from '../../src/cli/cli.ts';
import { groups } from '../../src/cli/help.ts';
import { nearest } from '../../src/cli/nearest.ts';
import { skewOf } from '../../src/cli/skew.ts';
import { acceptedText } from '../../src/cli/standing.ts';
import { table } from '../../src/cli/table.ts';
import { optionsOf } from '../../src/cli/verb.ts';
import { verbs } from '../../src/cli/verbs.ts';
import { systemClock as clock, systemRandom as random } from '../../src/clock.ts';

async function atoll(...argv: string[]) {
  const ran = { out: '', err: '', code: -1 };
  const io = { out: (text: string) => void (ran.out += text), err: (text: string) => void (ran.err += text) };
  ran.code = await runCli(argv, { version: '0.0.0', clock, random, kubeconfig: '/nowhere' }, io);
  return ran;
}

describe('the command line', () => {
  it('lists all verbs, asked or not', async () => {
    const asked = await atoll('--help');
    assert.deepEqual([asked.code, asked.err], [0, '']);
    const alone = await atoll();
    assert.deepEqual([alone.code, alone.out, alone.err], [2, '', asked.out]);
    for (const [name, { summary }] of Object.entries(verbs))
      assert.ok(asked.out.includes(`  ${name.padEnd(18)} ${summary}\n`), name);
  });

  it('has every verb in one group', () => {
    const grouped = groups.flatMap(([, names]) => names);
    assert.equal(new Set(grouped).size, grouped.length);
    assert.deepEqual(
      Object.keys(verbs).filter((name) => !grouped.includes(name)),
      [],
    );
  });

  for (const [name, verb] of Object.entries(verbs))
    it(`says with examples how ${name} is used, naming every flag`, async () => {
      const { code, out } = await atoll(...name.split(' '), '--help');
      assert.equal(code, 0);
      assert.ok(out.startsWith(`Usage: atoll ${name}`), out);
      assert.match(out, new RegExp(`\\nExamples:\\n {2}atoll ${name}`));
      for (const flag of Object.keys(optionsOf(verb)))
        if (!['help', 'no-color'].includes(flag)) assert.ok(out.includes(`--${flag}`), `--${flag}`);
      for (const line of out.split('\n')) assert.ok(line.length <= 140, line);
    });

  it('lists the verbs of a noun', async () => {
    const { code, out } = await atoll('island', '--help');
    assert.equal(code, 0);
    assert.match(out, /atoll island drain +move the work/);
    assert.equal((await atoll('island')).code, 2);
  });

  for (const [words, said] of [
    ['gte runs', /there is no command "gte"; did you mean atoll get\?/],
    ['iland ls', /there is no command "iland"; did you mean atoll island\?/],
    ['island drian west', /there is no command "island drian"; did you mean atoll island drain\?/],
    ['frobnicate', /there is no command "frobnicate"\n/],
  ] as const)
    it(`suggests what "${words}" may mean`, async () => {
      const ran = await atoll(...words.split(' '));
      assert.equal(ran.code, 2);
      assert.match(ran.err, said);
    });

  it('says how to reach a cluster when it reaches none', async () => {
    const ran = await atoll('get', 'runs');
    assert.equal(ran.code, 1);
    assert.match(ran.err, /cannot reach the cluster with kubeconfig \/nowhere: .*; give another one with --kubeconfig/);
  });
});

describe('small decisions', () => {
  it('finds the nearest word, or none', () => {
    assert.equal(nearest('degits', ['letters', 'digits']), 'digits');
    assert.equal(nearest('suspned', ['resume', 'suspend']), 'suspend');
    assert.equal(nearest('cat', ['horse', 'elephant']), undefined);
  });

  for (const [part, version, hub, said] of [
    ['client', '0.1.0', '0.1.0', 'same as the hub'],
    ['client', '0.1.0', '0.2.0', 'older than the hub: use the CLI of version 0.2.0'],
    ['island', '0.1.9', '0.1.10', 'older than the hub: upgrade this island'],
    ['island', '1.0.0', '0.9.0', 'newer than the hub: upgrade the hub'],
    ['island', 'dev', 'main', 'differs from the hub (main)'],
    ['island', '0.1.0', undefined, 'not known'],
  ] as const)
    it(`${part} ${version} beside hub ${hub} is ${said}`, () => assert.equal(skewOf(part, version, hub), said));

  it('says how many experts are accepted, and of how many it is not to be expected', () => {
    assert.equal(acceptedText('1/4'), '1/4 experts accepted');
    assert.equal(acceptedText('1/4, 2 blocked'), '1/4 experts accepted, 2 blocked');
  });

  it('aligns columns, and leaves no space at the end of a line', () => {
    assert.equal(
      table(
        ['A', 'LONG'],
        [
          ['xyz', ''],
          ['', 'b'],
        ],
      ),
      'A     LONG\nxyz\n      b\n',
    );
  });
});
