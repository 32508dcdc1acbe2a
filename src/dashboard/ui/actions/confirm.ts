/** What a person is about to do: shown in words before it is done, and its answer afterwards. */
import { signal } from '@preact/signals';
import type { Done } from '../../view/actions.ts';
import { why } from '../live/ask.ts';

export interface Confirmation {
  /** A question, such as "Suspend research/digits?" */
  title: string;
  /** What happens, a sentence each. */
  happens: string[];
  /** What to choose first, such as an island; `none` is the choice of leaving it open. */
  choice?: { label: string; none: string; options: readonly string[] };
  /** The verb on the button. */
  button: string;
  act: (choice: string | undefined) => Promise<Done>;
}

export const asked = signal<Confirmation | undefined>(undefined);
/** Whether the answer is awaited, and why it was refused. */
export const acting = signal<{ busy: boolean; refused?: string }>({ busy: false });
/** The last answer, for a few seconds. */
export const said = signal<string | undefined>(undefined);

export function confirm(confirmation: Confirmation): void {
  acting.value = { busy: false };
  asked.value = confirmation;
}

export function cancel(): void {
  if (!acting.value.busy) asked.value = undefined;
}

export async function carryOut(choice: string | undefined): Promise<void> {
  const confirmation = asked.value;
  if (confirmation === undefined || acting.value.busy) return;
  acting.value = { busy: true };
  try {
    const { message } = await confirmation.act(choice);
    asked.value = undefined;
    acting.value = { busy: false };
    say(message);
  } catch (error) {
    acting.value = { busy: false, refused: why(error) };
  }
}

let silence: ReturnType<typeof setTimeout> | undefined;

/** Says something for eight seconds. */
export function say(message: string): void {
  clearTimeout(silence);
  said.value = message;
  silence = setTimeout(() => {
    said.value = undefined;
  }, 8000);
}
