/** The one line of many that says why a program ended. Pure. */

/** First line of an exception, such as `torch.cuda.OutOfMemoryError: CUDA out of memory`; one without words has no colon. */
const exception = /^[\p{L}_][\p{L}\p{N}_.]*(Error|Exception|Exit|Interrupt|Warning|Timeout|Failure)(:|$)/u;
const traceback = /^(Traceback|.*\(most recent call last\):$)/;

/**
 * Of the last lines of a log: what the last traceback ends with, which may have explanations behind it, else the last line, because
 * what stands before it is how the program came there. A text that begins with the exception itself says so by that line.
 */
export function headline(text = ''): string {
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.trimEnd())
    .filter((line) => line !== '');
  const from = lines.findLastIndex((line) => traceback.test(line));
  const raised = from < 0 ? undefined : lines.slice(from + 1).find((line) => !/^\s/.test(line));
  const [first = ''] = lines;
  return (raised ?? (exception.test(first) ? first : lines.at(-1)) ?? '').trim();
}
