/** `atoll ui`: the dashboard of the hub in a browser, through one port-forward. */
import { spawn } from 'node:child_process';
import { withScope } from './cluster.ts';
import { askDashboard, dashboardHelp, dashboardOptions, openDashboard } from './dashboard.ts';
import { portFlag } from './flags.ts';
import { exitCodes, noWords, scopeHelp, scopeOptions, type Verb } from './verb.ts';

const help = `Usage: atoll ui [options]

Opens the dashboard of the hub through one port-forward, until Ctrl-C, and prints its address. You sign in there with a token of
yours and see and do what you may.

Options:
  --port PORT         local port (default: any that is free)
  --no-browser        only print the address
  --show-token        print the token to sign in with, on the terminal only
${dashboardHelp}
${scopeHelp}

Examples:
  atoll ui
  atoll ui --port 8081 --no-browser
`;

export const ui: Verb = {
  summary: 'open the dashboard of the hub',
  help,
  options: {
    ...scopeOptions,
    ...dashboardOptions,
    port: { type: 'string' },
    'no-browser': { type: 'boolean' },
    'show-token': { type: 'boolean' },
  },
  tidies: true,
  run(call) {
    noWords(call);
    const port = portFlag(call);
    return withScope(call, async (scope) => {
      const dashboard = await openDashboard(call, scope, port);
      try {
        await askDashboard(call, dashboard, 'api/session');
        call.io.out(`${dashboard.url}\n`);
        call.io.err('Sign in with your token; Ctrl-C ends the connection.\n');
        if (call.on('show-token') && call.io.screen) call.io.err(`Token: ${dashboard.token}\n`);
        if (call.io.screen && !call.on('no-browser')) openBrowser(dashboard.url);
        await new Promise<void>((resolve) => {
          if (call.signal.aborted) return resolve();
          call.signal.addEventListener('abort', () => resolve(), { once: true });
        });
        return exitCodes.interrupted;
      } finally {
        await dashboard.close();
      }
    });
  },
};

/** Where there is no browser, the printed address has to do. */
function openBrowser(url: string): void {
  const program = process.platform === 'darwin' ? 'open' : 'xdg-open';
  const child = spawn(program, [url], { stdio: 'ignore', detached: true });
  child.on('error', () => {});
  child.unref();
}
