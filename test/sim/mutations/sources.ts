/** The files of pure decisions whose guards are removed one by one, and the unit tests that know them best. */

export interface Source {
  readonly file: string;
  readonly tests: readonly string[];
}

const island = [
  'test/island/decide.test.ts',
  'test/island/stopping.test.ts',
  'test/island/gang.test.ts',
  'test/island/classify.test.ts',
];
const link = ['test/link/decisions.test.ts', 'test/link/parts.test.ts'];
const hub = ['test/hub/work.test.ts', 'test/hub/move.test.ts'];

export const sources: readonly Source[] = [
  { file: 'src/island/decide.ts', tests: island },
  { file: 'src/island/attempt.ts', tests: island },
  { file: 'src/island/start.ts', tests: island },
  { file: 'src/island/leftovers.ts', tests: island },
  { file: 'src/island/budget.ts', tests: island },
  { file: 'src/hub/work.ts', tests: hub },
  { file: 'src/hub/move.ts', tests: hub },
  { file: 'src/link/carry-out.ts', tests: link },
  { file: 'src/link/apply-reply.ts', tests: link },
  { file: 'src/link/answer.ts', tests: link },
];
