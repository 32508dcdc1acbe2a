/** JSON as trainers write it: Python prints NaN and Infinity, which JSON does not know. */

/** NaN, infinities and numbers too large become null. Throws what JSON.parse says of the text when even so it is none. */
export function parseLenient(text: string): unknown {
  const finite = (_: string, value: unknown) => (typeof value === 'number' && !Number.isFinite(value) ? null : value);
  try {
    return JSON.parse(text, finite);
  } catch (error) {
    try {
      return JSON.parse(text.replaceAll(/([:[,]\s*)-?(?:NaN|Infinity)(?=\s*[,\]}])/g, '$1null'), finite);
    } catch {
      throw error;
    }
  }
}
