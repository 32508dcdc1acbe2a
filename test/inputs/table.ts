/** The catalogue of bad inputs: each with its number, where it is caught, and the words that help. Every row is really tried. */
import { badObjects } from '../api/bad-objects.ts';
import { changes } from '../api/changes.ts';
import { readInputs } from './read.ts';
import { storedInputs } from './stored.ts';

/** A: the API server. R: a controller. P: a message or a report. S: what lies in the store. U: what people are shown. */
export type Where = 'A' | 'R' | 'P' | 'S' | 'U';

export interface BadInput {
  /** Number in the catalogue. */
  readonly number: number;
  readonly input: string;
  readonly caught: Where;
  /** What the message holds. */
  readonly words: readonly string[];
  /** Gives what is said of it, or throws it. Absent where the tests of the API server try it. */
  readonly said?: () => unknown;
}

/** Rows of the tables that a real API server is asked about, by their sentence. */
const admitted: [number: number, ...sentences: string[]][] = [
  [1, 'zero experts', '257 experts', 'an expert and a half'],
  [2, 'an override that names an expert twice', 'the same input twice'],
  [4, 'a misspelt field', 'a field of a later version'],
  [5, 'a name of 41 characters'],
  [8, 'half a GPU', '65 GPUs'],
  [9, 'CPUs as a number', 'CPUs in words', 'no memory'],
  [
    10,
    'a duration without unit',
    'a duration in days',
    'a step in no time',
    'a step in words',
    'checkpoints that must come quicker than steps',
  ],
  [13, 'a Secret of another namespace'],
  [16, 'an object store at an address of the user'],
  [17, 'a prefix that leaves its place', 'a prefix without its last slash'],
  [19, 'root'],
  [20, 'a reserved variable'],
  [22, 'a spec of more than 128 KiB', 'params of 40,000 characters', '21 rules', '65 variables'],
  [25, 'a negative budget', 'two rules that contradict each other', 'two rules of one name', 'a rule for exit code 256'],
];

function ofApiServer(number: number, sentence: string): BadInput {
  const row = badObjects.find(([known]) => known === sentence);
  if (row === undefined) throw new Error(`no object of test/api is called "${sentence}"`);
  const [, kind, , ...words] = row;
  return { number, input: `${sentence} (${kind})`, caught: 'A', words };
}

function frozen(sentence: string): BadInput {
  const change = changes.find((known) => known.sentence === sentence);
  if (change?.words === undefined) throw new Error(`no refused change of test/api is called "${sentence}"`);
  return { number: 3, input: `${sentence} after creation (${change.kind})`, caught: 'A', words: change.words };
}

export const badInputs: readonly BadInput[] = [
  ...admitted.flatMap(([number, ...sentences]) => sentences.map((sentence) => ofApiServer(number, sentence))),
  ...['another seed', 'another data set', 'another store'].map(frozen),
  ...readInputs,
  ...storedInputs,
].toSorted((a, b) => a.number - b.number);

/** Numbers of the catalogue that have no row, and why. */
export const withoutRow: readonly [numbers: string, why: string][] = [
  ['6, 18', 'names and prefixes that are made hold the first digits of a uid: two owners never share one'],
  ['11', 'no spec names an island: labels select islands, see 12'],
  ['15', 'who may not read a Secret may still name it, as in any pod: Secrets stay in their namespace, see 13'],
  ['23', 'no spec lists the inputs of a router: the hub takes exactly the accepted experts'],
  ['24', 'nobody asks for a step: a resume takes the newest checkpoint that verifies'],
  ['26', 'an annotation speaks of the object that it stands on, and of no other'],
  ['33', 'an older placement or revision is passed over: the tests of the link and the simulation try it'],
  ['28', 'there is one version of the API so far'],
  ['35', 'an unknown version of the protocol is refused by name: tried by the tests of the link'],
  ['31', 'a step that goes back is a trainer that resumed; the clock of progress waits for a new highest step'],
  ['32, 34, 36', 'tried by the tests of the link: credentials allow the subjects of one island, and NATS checks signatures'],
  ['46', 'manifests are not signed; their digests stand in statuses that only the hub writes'],
  ['48, 49', 'any file may be published as data and nothing is ever unpickled; safetensors are looked into, see 47'],
  [
    '51 to 56',
    'the tests of the object store try errors inside a 200, cut bodies, refusals and stores that are away; huge listings, odd keys and versioned buckets are not tried',
  ],
  ['57 to 61', 'of the dashboard: tried by its own tests, as far as they apply to it'],
];
