/** The search field and the choices above a list; all of them stand in the address. */
import { query, setQuery } from '../navigation.ts';
import { count, plural } from '../words/number.ts';

export interface Choice {
  /** Word of the query. */
  key: string;
  /** What the empty choice says. */
  label: string;
  /** Value and words. */
  options: [string, string][];
}

export function Filters({
  what,
  shown,
  total,
  choices,
}: {
  what: string;
  shown: number;
  total: number;
  choices: readonly Choice[];
}) {
  return (
    <search class="filters">
      <input
        class="input"
        type="search"
        placeholder={`Search ${what}`}
        aria-label={`Search ${what}`}
        value={query.value.get('q') ?? ''}
        onInput={(event) => setQuery('q', event.currentTarget.value)}
      />
      {choices.map(
        ({ key, label, options }) =>
          (options.length > 1 || query.value.has(key)) && (
            <select
              key={key}
              class="input"
              aria-label={label}
              value={query.value.get(key) ?? ''}
              onChange={(event) => setQuery(key, event.currentTarget.value)}
            >
              <option value="">{label}</option>
              {options.map(([value, words]) => (
                <option key={value} value={value}>
                  {words}
                </option>
              ))}
            </select>
          ),
      )}
      <span class="faint" role="status">
        {shown === total ? plural(total, what.replace(/s$/, '')) : `${count(shown)} of ${count(total)} ${what}`}
      </span>
    </search>
  );
}

/** Whether every word of the search is in one of the texts, whatever its case. */
export function matches(search: string | null, ...texts: (string | undefined)[]): boolean {
  const where = texts.join(' ').toLowerCase();
  return (search ?? '')
    .toLowerCase()
    .split(/\s+/)
    .every((word) => where.includes(word));
}
