/** Events of a run and of its works, newest first. */
import type { EventView } from '../../view/common.ts';
import { Icon } from './shapes.tsx';
import { Age } from './time.tsx';

export function Events({ events }: { events: readonly EventView[] }) {
  if (events.length === 0) return <p class="faint">None are kept now: the API server keeps events for an hour.</p>;
  return (
    <div class="sheet scroll">
      <table class="plain">
        <caption class="hidden">Events</caption>
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">What</th>
            <th scope="col">About</th>
            <th scope="col">Note</th>
          </tr>
        </thead>
        <tbody>
          {events.map(({ at, type, reason, note, about, count }) => (
            <tr key={`${at} ${about} ${reason} ${note}`}>
              <td class="nowrap">
                <Age at={at} />
                {count > 1 && <span class="faint"> ×{count}</span>}
              </td>
              <td>
                <span class={`state ${type === 'Warning' ? 'tone-watch' : 'soft'}`}>
                  {type === 'Warning' && <Icon shape="triangle" />}
                  {reason}
                </span>
              </td>
              <td>{about}</td>
              <td class="wrap">{note}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
