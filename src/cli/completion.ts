/** `atoll completion`: scripts for shells, and what they ask this program while somebody types. */
import { ComputeIslandKind } from '../api/computeisland.ts';
import { ExpertTrainingKind } from '../api/experttraining.ts';
import { withScope } from './cluster.ts';
import { nouns } from './get.ts';
import type { Verbs } from './help.ts';
import { type Call, CommandLineError, oneWord, optionsOf, readCall, scopeHelp, scopeOptions, type Verb } from './verb.ts';

/** Each asks `atoll __complete` with the words so far, the one being typed last, and offers the lines that it prints. */
const scripts = {
  bash: `_atoll() {
  local IFS=$'\\n'
  COMPREPLY=($("\${COMP_WORDS[0]}" __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _atoll atoll kubectl-atoll
`,
  zsh: `#compdef atoll kubectl-atoll
_atoll() {
  local -a found
  found=("\${(@f)$(\${words[1]} __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -- $found
}
compdef _atoll atoll kubectl-atoll
`,
  fish: `function __atoll_complete
  set -l words (commandline -opc) (commandline -ct)
  command $words[1] __complete $words[2..-1] 2>/dev/null
end
complete -c atoll -f -a '(__atoll_complete)'
complete -c kubectl-atoll -f -a '(__atoll_complete)'
`,
} as const;
type Shell = keyof typeof scripts;
const shells = Object.keys(scripts) as Shell[];

const help = `Usage: atoll completion SHELL

Prints the script with which bash, zsh or fish completes verbs, flags and the names of runs and islands. For kubectl atoll put a file
kubectl_complete-atoll on the PATH that runs: atoll __complete "$@"

Examples:
  atoll completion bash > /etc/bash_completion.d/atoll
  atoll completion zsh > "\${fpath[1]}/_atoll"
  atoll completion fish > ~/.config/fish/completions/atoll.fish
`;

export const completion: Verb = {
  summary: 'print the completion script of bash, zsh or fish',
  help,
  options: {},
  word: 'shell',
  run(call) {
    const word = oneWord(call, 'shell');
    const shell = shells.find((one) => one === word);
    if (!shell) throw new CommandLineError(`there is no script for "${word}": it is one of ${shells.join(', ')}`);
    call.io.out(scripts[shell]);
    return Promise.resolve(0);
  },
};

/** What the scripts ask; not for people. */
export const completing = (verbs: Verbs): Verb => ({
  summary: 'print what may come next on a command line',
  help: `Usage: atoll __complete WORD...\n\nPrints what the last word may become.\n\nOptions:\n${scopeHelp}\n\nExamples:\n  atoll __complete get ''\n`,
  options: scopeOptions,
  async run(call) {
    const offered = await offers(call, verbs, call.words);
    call.io.out(offered.map((line) => `${line}\n`).join(''));
    return 0;
  },
});

async function offers(call: Call, verbs: Verbs, words: readonly string[]): Promise<string[]> {
  const typed = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const starts = (all: readonly string[]) => all.filter((one) => one.startsWith(typed)).toSorted((a, b) => a.localeCompare(b));
  const found = [2, 1].flatMap((length) => {
    const verb = before.length >= length ? verbs[before.slice(0, length).join(' ')] : undefined;
    return verb ? [{ verb, rest: before.slice(length) }] : [];
  })[0];
  if (!found) {
    const head = before.length === 0 ? '' : `${before.join(' ')} `;
    const next = Object.keys(verbs).flatMap((name) =>
      name.startsWith(head) ? [name.slice(head.length).split(' ')[0] ?? ''] : [],
    );
    return starts([...new Set(next)]);
  }
  const { verb, rest } = found;
  const flag = rest.at(-1);
  if (typed.startsWith('-')) return starts(Object.keys(optionsOf(verb)).map((name) => `--${name}`));
  if (flag === '--run') return starts(await names(call, 'run'));
  if (takesValue(verb, flag)) return flag === '--output' || flag === '-o' ? starts(['json', 'yaml', 'name', 'wide']) : [];
  const given = rest.some((word, at) => !word.startsWith('-') && !takesValue(verb, rest[at - 1]));
  return verb.word === undefined || given ? [] : starts(await names(call, verb.word, rest, verb));
}

/** Whether the word after this flag is its value. */
function takesValue({ options }: Verb, flag: string | undefined): boolean {
  return Object.entries(options).some(
    ([name, { type, short }]) => type === 'string' && (flag === `--${name}` || (short !== undefined && flag === `-${short}`)),
  );
}

/** Names from the cluster of the flags that were typed so far; none when it cannot be reached. */
async function names(call: Call, of: NonNullable<Verb['word']>, typed: readonly string[] = [], verb?: Verb): Promise<string[]> {
  if (of === 'shell') return shells;
  if (of === 'kind') return nouns.flatMap(({ words }) => words[0] ?? []);
  try {
    const { kubeconfig } = call;
    const own = verb && readCall(verb, typed, { ...call, kubeconfig }, call.io);
    const where = own === undefined || own === 'help' ? call : own;
    return await withScope(where, async ({ client, namespace }) => {
      if (of === 'island') return (await client.list(ComputeIslandKind)).items.map(({ metadata }) => metadata.name);
      const { items } = await client.list(ExpertTrainingKind, { namespace });
      return [...items.map(({ metadata }) => metadata.name), '@latest'];
    });
  } catch {
    // Somebody is typing: an error would end up in their line.
    return [];
  }
}
