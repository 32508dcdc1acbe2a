/** Conditions as they stand on an object. */
import type { ConditionView } from '../../view/common.ts';
import { Icon } from './shapes.tsx';
import { Age } from './time.tsx';

const shapes = { True: 'check', False: 'cross', Unknown: 'question' } as const;

export function Conditions({ conditions }: { conditions: readonly ConditionView[] }) {
  if (conditions.length === 0) return <p class="faint">None yet.</p>;
  return (
    <div class="sheet scroll">
      <table class="plain">
        <caption class="hidden">Conditions</caption>
        <thead>
          <tr>
            <th scope="col">Condition</th>
            <th scope="col">Holds</th>
            <th scope="col">Reason</th>
            <th scope="col">Message</th>
            <th scope="col">Since</th>
          </tr>
        </thead>
        <tbody>
          {conditions.map(({ type, status, reason, message, since }) => (
            <tr key={type}>
              <th scope="row" class="row-head">
                {type}
              </th>
              <td>
                <span class="state soft">
                  <Icon shape={shapes[status]} />
                  {status}
                </span>
              </td>
              <td>{reason}</td>
              <td class="wrap">{message}</td>
              <td class="nowrap">
                <Age at={since} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
