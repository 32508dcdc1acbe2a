/** Who is signed in: asked for once, and again until the server answers. */
import { signal } from '@preact/signals';
import { AskError, ask, session, why } from './ask.ts';
import { backoff } from './backoff.ts';

/** Why it is not known yet who is signed in. */
export const unknown = signal<string | undefined>(undefined);

export function startSession(): void {
  void find(1);
}

async function find(attempt: number): Promise<void> {
  try {
    session.value = await ask('session');
    unknown.value = undefined;
  } catch (error) {
    if (error instanceof AskError && (error.code === 'SignInNeeded' || error.code === 'NotAllowed')) {
      session.value = null;
      return;
    }
    unknown.value = why(error);
    setTimeout(() => void find(attempt + 1), backoff(attempt, Math.random()));
  }
}

/** Throws an AskError when the token is not taken. */
export async function signIn(token: string): Promise<void> {
  session.value = await ask('signIn', { body: { token } });
}

export async function signOut(): Promise<void> {
  await ask('signOut').catch(() => undefined);
  session.value = null;
}
