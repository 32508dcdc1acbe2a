/** Says how old the page is when the stream has been silent. */
import { away, heard, staleMs } from '../live/stream.ts';
import { now } from '../now.ts';
import { duration, instant } from '../words/time.ts';
import { Icon } from './shapes.tsx';

export function Banner() {
  // Reading the clock has this drawn anew each second.
  void now.value;
  const { at, staleSince } = heard.value;
  const silent = Date.now() - at;
  const text =
    silent > staleMs
      ? `What you see is ${duration(silent)} old: ${away.value ?? 'the server is silent.'} It is brought up to date by itself.`
      : staleSince === undefined
        ? undefined
        : `The server has not heard the API server for ${duration(now.value - instant(staleSince))}: what you see is as old as that.`;
  if (text === undefined) return null;
  return (
    <div class="banner" role="status">
      <div class="banner-inner">
        <Icon shape="triangle" />
        <span>{text}</span>
      </div>
    </div>
  );
}
