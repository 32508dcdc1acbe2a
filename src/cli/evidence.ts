/** What an island has sent about the last failure of a work, for people who cannot log in there. Pure. */
import { stripVTControlCharacters } from 'node:util';
import type { WorkFailure } from '../api/work.ts';
import { failureText } from '../hub/evidence.ts';

const mostLines = 12;

/** Where and how it failed, the last lines of its log, and what Kubernetes said; `known` is what the reader has read of it already. */
export function evidenceOf(failure: WorkFailure, known: string): string[] {
  const { message, lines = '', events = [], hint } = failure;
  const told = message !== undefined && known.includes(message);
  const last = lines.trimEnd().split('\n').slice(-mostLines);
  return [
    `Failed: ${failureText(told ? { ...failure, message: undefined } : failure)}`,
    ...(lines.trim() === '' ? [] : ['Its last lines:', ...last.map((line) => `  | ${stripVTControlCharacters(line)}`)]),
    ...events.map((event) => `Kubernetes: ${event}`),
    ...(hint === undefined ? [] : [`Hint: ${hint}`]),
  ];
}
