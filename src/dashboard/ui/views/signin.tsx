/** Sign-in with a token of the cluster. */
import { useState } from 'preact/hooks';
import { why } from '../live/ask.ts';
import { signIn } from '../live/session.ts';
import { Mark } from '../parts/shapes.tsx';

export function SignInPage() {
  const [token, setToken] = useState('');
  const [state, setState] = useState<{ busy: boolean; refused?: string }>({ busy: false });
  const submit = (event: Event) => {
    event.preventDefault();
    if (state.busy) return;
    setState({ busy: true });
    signIn(token.trim()).then(
      () => setToken(''),
      (error: unknown) => setState({ busy: false, refused: why(error) }),
    );
  };
  return (
    <div class="signin sheet">
      <Mark />
      <h1>Sign in to Atoll</h1>
      <p class="soft">
        With a token of the hub's cluster. You see and do what its rights allow, namespace by namespace, and nothing else.
      </p>
      <form onSubmit={submit} class="signin-form">
        <label class="field">
          <span>Token</span>
          <input
            class="input"
            type="password"
            name="token"
            autocomplete="current-password"
            spellcheck={false}
            required
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        {state.refused !== undefined && (
          <p class="tone-bad" role="alert">
            {state.refused}
          </p>
        )}
        <button type="submit" class="button button-main" disabled={state.busy}>
          {state.busy ? 'Signing in ...' : 'Sign in'}
        </button>
      </form>
      <p class="small soft">
        <code>kubectl atoll ui</code> opens this page signed in as yourself. For a token of a service account:
      </p>
      <pre class="text wrapped">kubectl -n NAMESPACE create token SERVICEACCOUNT</pre>
    </div>
  );
}
