/** The client against a real API server. */

import { startApiServer } from '../../local/apiserver.ts';
import { systemClock, systemRandom } from '../../src/clock.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import { conformance } from './conformance.ts';
import { defineWidgets } from './widgets.ts';

conformance('a real API server', async () => {
  const api = await startApiServer();
  const client = createKubeClient({ kubeconfig: api.kubeconfigPath, clock: systemClock, random: systemRandom });
  await defineWidgets(client);
  return {
    client,
    async [Symbol.asyncDispose]() {
      await client.close();
      await api.stop();
    },
  };
});
