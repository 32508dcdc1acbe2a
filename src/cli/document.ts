/** docs/cli.md: every verb with its help, from the verbs themselves. */
import { exitCodeHelp, groups, type Verbs } from './help.ts';

const head = `# The command line

\`atoll\` is one program: what the operator runs, and what people run. Installed as \`kubectl-atoll\` on the PATH it is \`kubectl atoll\` too. It speaks
to the API server of the hub with the rights of your kubeconfig, and to nothing else; \`pull\` and \`checkpoints\` also read the bucket with your own
credentials, and \`logs\` and \`ui\` go through one port-forward to the hub: that takes the rights to list pods and create pods/portforward in the
namespace of its release, or \`--dashboard URL\` where an administrator has put a proxy in front of it.

\`\`\`sh
npm run build                                                                  # makes dist/atoll.mjs, which needs Node.js 24 and nothing else
printf '#!/bin/sh\\nexec node %s/dist/atoll.mjs "$@"\\n' "$PWD" > ~/.local/bin/atoll && chmod +x ~/.local/bin/atoll
ln -s atoll ~/.local/bin/kubectl-atoll
\`\`\`

A run is named by the name of its ExpertTraining; \`@latest\` is the one that was made last. \`-n\` and \`-A\` choose namespaces as kubectl does, and of
several files in KUBECONFIG the first that says something wins, as there. Where something is listed, \`-o json\`, \`-o yaml\` and \`-o name\` are for programs; what may be useful next is said on terminals only.
Colours are left out with \`--no-color\`, with \`NO_COLOR\` in the environment, and in pipes; states are words in any case.

${exitCodeHelp}
To complete verbs, flags and names while you type, see \`atoll completion\`.

<!-- Made from the verbs by npm run generate. -->
`;

/** Every verb in the groups of the root help. */
export function cliDocument(verbs: Verbs): string {
  const parts = groups.map(([title, names]) => {
    const sections = names.flatMap((name) => {
      const verb = verbs[name];
      return verb ? [`### atoll ${name}\n\n\`\`\`\n${verb.help.trimEnd()}\n\`\`\`\n`] : [];
    });
    return `## ${title}\n\n${sections.join('\n')}`;
  });
  return `${head}\n${parts.join('\n')}`;
}
