/** How losses are drawn, as it stands in the address: across steps or time, on which axis, as a drawing or as a table. */
import { query, setQuery } from '../navigation.ts';
import { Switch } from '../parts/switch.tsx';
import type { Across } from './course.ts';

export interface Modes {
  across: Across;
  /** Logarithmic axis of loss. */
  log: boolean;
  table: boolean;
}

export function modes(): Modes {
  const asked = query.value;
  return {
    across: asked.get('x') === 'time' ? 'time' : 'step',
    log: asked.get('y') === 'log',
    table: asked.get('show') === 'table',
  };
}

/** The switches; `drawing` is what stands there instead of the table. */
export function ModeSwitches({ drawing, axes = true }: { drawing: string; axes?: boolean }) {
  const { across, log, table } = modes();
  return (
    <div class="switches">
      {axes && (
        <>
          <Switch
            label="Across"
            value={across}
            options={[
              ['step', 'Steps'],
              ['time', 'Time'],
            ]}
            choose={(value) => setQuery('x', value === 'step' ? undefined : value)}
          />
          <Switch
            label="Loss axis"
            value={log ? 'log' : 'linear'}
            options={[
              ['linear', 'Linear'],
              ['log', 'Log'],
            ]}
            choose={(value) => setQuery('y', value === 'linear' ? undefined : value)}
          />
        </>
      )}
      <Switch
        label="Show"
        value={table ? 'table' : 'drawing'}
        options={[
          ['drawing', drawing],
          ['table', 'Table'],
        ]}
        choose={(value) => setQuery('show', value === 'drawing' ? undefined : value)}
      />
    </div>
  );
}
