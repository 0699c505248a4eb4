import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { CommandFailed, exitCode } from '../exit-code.js';

const shells = ['bash', 'zsh', 'fish'] as const;

/** What can follow the words so far, an option or a verb a line; the shells' scripts ask for it. */
export function addCompletion(program: Command, cli: Cli): void {
  program
    .command('completion <shell>')
    .description('prints the completion script of a shell: bash, zsh or fish')
    .addHelpText('after', '\nExample:\n  source <(sluice completion bash)')
    .action((shell: string) => {
      if (!(shells as readonly string[]).includes(shell))
        throw new CommandFailed(`There is completion for ${shells.join(', ')}.`, exitCode.usage);
      cli.terminal.out(scriptFor(shell as (typeof shells)[number]));
    });

  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .allowUnknownOption()
    .helpOption(false)
    .action((words: string[]) => {
      for (const word of following(program, words)) cli.terminal.out(word);
    });
}

/** @param words those before the one that is being written */
export function following(program: Command, words: readonly string[]): string[] {
  let command = program;
  for (const word of words) {
    if (word.startsWith('-')) continue;
    const next = command.commands.find((each) => each.name() === word);
    if (!next) break;
    command = next;
  }
  const verbs = command.commands.filter((each) => !isHidden(each)).map((each) => each.name());
  const options = [...command.options, ...program.options].flatMap(({ long, hidden }) =>
    long && !hidden ? [long] : [],
  );
  return [...verbs, ...new Set([...options, '--help'])];
}

function isHidden(command: Command): boolean {
  return (command as unknown as { _hidden?: boolean })._hidden === true;
}

function scriptFor(shell: (typeof shells)[number]): string {
  switch (shell) {
    case 'bash':
      return `_sluice() {
  local word="\${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=($(compgen -W "$(sluice complete -- "\${COMP_WORDS[@]:1:COMP_CWORD-1}" 2>/dev/null)" -- "$word"))
}
complete -o default -F _sluice sluice`;
    case 'zsh':
      return `#compdef sluice
_sluice() {
  local -a words_there
  words_there=(\${(f)"$(sluice complete -- "\${words[@]:1:$((CURRENT-2))}" 2>/dev/null)"})
  compadd -a words_there || _files
}
compdef _sluice sluice`;
    case 'fish':
      return `complete -c sluice -f -a '(sluice complete -- (commandline -opc)[2..] 2>/dev/null)'`;
  }
}
