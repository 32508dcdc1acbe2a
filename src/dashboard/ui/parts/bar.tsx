/** The bar on top: where one can go, whether the page is live, and a person's choices. */
import { computed } from '@preact/signals';
import { helpOpen } from '../keys.ts';
import { session } from '../live/ask.ts';
import { signOut } from '../live/session.ts';
import { away, rows } from '../live/stream.ts';
import { route } from '../navigation.ts';
import { nextTheme, otherZone, theme, zone } from '../preferences.ts';
import { Mark } from './shapes.tsx';

const needs = computed(() => [...rows.value.runs.values()].reduce((sum, run) => sum + run.needs, 0));

const groups: Record<string, string> = {
  run: 'runs',
  history: 'runs',
  past: 'runs',
  expert: 'runs',
  lineage: 'runs',
  ensemble: 'runs',
  island: 'islands',
  dataset: 'datasets',
};

export function Bar() {
  const here = groups[route.value.view] ?? route.value.view;
  const user = session.value;
  const place = (path: string, title: string, more = '') => (
    <a href={path} aria-current={here === path ? 'page' : undefined}>
      {title}
      {more}
    </a>
  );
  return (
    <header class="bar">
      <div class="bar-inner">
        <a class="brand" href="runs">
          <Mark />
          Atoll
        </a>
        {user && (
          <nav class="places" aria-label="Views">
            {place('runs', 'Runs')}
            {place('experts', 'Experts')}
            {user.islands.list && place('islands', 'Islands')}
            {place('datasets', 'Data sets')}
          </nav>
        )}
        <div class="bar-tools">
          {user && needs.value > 0 && (
            <span class="needs-count">{needs.value === 1 ? '1 thing needs' : `${needs.value} things need`} you</span>
          )}
          {user && <Live />}
          <button type="button" class="tool" onClick={otherZone} title="Show times in UTC or in local time">
            {zone.value === 'UTC' ? 'UTC' : 'Local time'}
          </button>
          <button type="button" class="tool" onClick={nextTheme} title="Theme: as the system, light, dark">
            {theme.value === 'system' ? 'Auto' : theme.value === 'light' ? 'Light' : 'Dark'}
            <span class="hidden"> theme</span>
          </button>
          <button
            type="button"
            class="tool"
            aria-label="Keys and words"
            title="Keys and words"
            onClick={() => {
              helpOpen.value = true;
            }}
          >
            ?
          </button>
          {user && (
            <button type="button" class="tool" onClick={() => void signOut()} title={`Signed in as ${user.user}`}>
              Sign out
            </button>
          )}
        </div>
      </div>
    </header>
  );
}

function Live() {
  const live = away.value === undefined;
  return (
    <span class="live" title={away.value}>
      <span class={`live-dot ${live ? '' : 'is-away'}`} />
      {live ? 'Live' : 'Reconnecting'}
    </span>
  );
}
