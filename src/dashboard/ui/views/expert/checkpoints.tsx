/** Published checkpoints, newest first. */
import type { CheckpointView } from '../../../view/work.ts';
import { nameOf } from '../../charts/course.ts';
import { Copied, Digest } from '../../parts/digest.tsx';
import { State } from '../../parts/state.tsx';
import { Age } from '../../parts/time.tsx';
import { bytes, count } from '../../words/number.ts';

export function Checkpoints({ checkpoints }: { checkpoints: readonly CheckpointView[] }) {
  return (
    <section class="block" aria-labelledby="checkpoints">
      <h2 id="checkpoints" class="block-head">
        Checkpoints
      </h2>
      {checkpoints.length === 0 ? (
        <p class="soft">None has been published yet: an attempt that ends now begins again from the start.</p>
      ) : (
        <div class="sheet scroll" tabIndex={0} role="group" aria-label="Checkpoints">
          <table class="plain">
            <caption class="hidden">Checkpoints, the newest first</caption>
            <thead>
              <tr>
                <th scope="col" class="right">
                  Step
                </th>
                <th scope="col">What</th>
                <th scope="col">Attempt</th>
                <th scope="col" class="right">
                  Size
                </th>
                <th scope="col">Published</th>
                <th scope="col">Digest</th>
                <th scope="col">Manifest</th>
              </tr>
            </thead>
            <tbody>
              {checkpoints.map((one) => (
                <tr key={one.manifest}>
                  <td class="right">{count(one.step)}</td>
                  <td>
                    {one.accepted ? (
                      <State state="Accepted" />
                    ) : one.final ? (
                      'final'
                    ) : one.kind === 'Export' ? (
                      'export'
                    ) : (
                      'can be resumed from'
                    )}
                  </td>
                  <td>{nameOf(one)}</td>
                  <td class="right nowrap">{bytes(one.bytes)}</td>
                  <td class="nowrap">{one.at === undefined ? <span class="faint">not kept</span> : <Age at={one.at} />}</td>
                  <td>
                    <Digest value={one.digest} />
                  </td>
                  <td>
                    <Copied value={one.manifest} shown={`...${one.manifest.slice(-38)}`} what="key of the manifest" />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
