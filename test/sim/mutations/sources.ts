/** The files that decide, whose guards are removed one by one, and the unit tests that know them. */

export interface Group {
  readonly name: string;
  readonly sources: readonly string[];
  /** All of them run in one process, again and again; those that take long come last and only for guards that they reach. */
  readonly tests: readonly string[];
}

const all = (folder: string, names: string, ending: string) => names.split(/\s+/).map((name) => `${folder}/${name}${ending}`);

const group = (name: string, sources: string, tests: string): Group => ({
  name,
  sources: all(`src/${name}`, sources, '.ts'),
  tests: all(`test/${name}`, tests, '.test.ts'),
});

const store = group('store', 'retention restore claim manifests publish', 'retention restore claim publish faults');
const courier = group(
  'courier',
  'output publishing pace restore patience',
  'output waiting pace progress publishing result history deletions gang courier',
);

export const groups: readonly Group[] = [
  group(
    'island',
    `decide attempt start leftovers budget conclude classify ending clocks standstill avoid state note created members gang gangending
     deletions podview capacity admit podtemplate rules/asked rules/configuration rules/crash rules/disruption rules/gpu rules/memory
     rules/progress rules/storage rules/user`,
    'parts decide stopping ending classify rules clocks trouble avoid gang note evidence deletions capacity admit pod act progress',
  ),
  group(
    'hub',
    `work next move older asked requests reported once evidence inputs state overrides partition router evaluation experts start run
     islands placement field turn waiting verify avoid shardstatus templates`,
    'conditions parts work move asked placement state evidence joining templates verify run steering',
  ),
  group(
    'link',
    'answer apply-reply carry-out statuses lift have handouts outgoing',
    'decisions parts writes live link backup chaos',
  ),
  // What a courier does is tried with a store beneath it.
  { name: 'courier', sources: [...store.sources, ...courier.sources], tests: [...store.tests, ...courier.tests] },
];
