import { Command, Option } from 'commander';
import type { Cli, GlobalOptions } from './cli.js';
import { addAudit } from './nouns/audit.js';
import { addCa } from './nouns/ca.js';
import { addCertificate } from './nouns/certificate.js';
import { addCompletion } from './nouns/completion.js';
import { addContext } from './nouns/context.js';
import { addDecision } from './nouns/decision.js';
import { addDoctor } from './nouns/doctor.js';
import { addEvent } from './nouns/event.js';
import { addFlow } from './nouns/flow.js';
import { addInstance } from './nouns/instance.js';
import { addKey } from './nouns/key.js';
import { addMessage } from './nouns/message.js';
import { addPerson } from './nouns/person.js';
import { addProposal } from './nouns/proposal.js';
import { addRole } from './nouns/role.js';
import { addRoot } from './nouns/root.js';
import { addState } from './nouns/state.js';
import { addSubscriber } from './nouns/subscriber.js';
import { addToken } from './nouns/token.js';
import { addTokenKey } from './nouns/token-key.js';
import { forms } from './output/output.js';

const epilogue = `
It is about, in this order: the installation that --context names; SLUICE_ADMIN_URL with SLUICE_ADMIN_TOKEN; the local stack of SLUICE_HOME; the one that you
logged in to; the local stack that runs here.

Exit codes: 0 done, 1 failed, 2 wrong use or refused input, 3 not found, 4 not allowed, 5 conflict, 6 not available now, 7 done, and something was found.`;

/** The whole grammar: noun, then verb. */
export function createProgram(cli: Cli): Command {
  const program = new Command('sluice')
    .description('Administers Sluice, the front door for integration flows.')
    .addOption(new Option('-o, --output <form>', 'form of the result').choices(forms).default('table'))
    .option('--context <name>', 'the installation this is about')
    .addHelpText('after', epilogue)
    .showHelpAfterError('Say --help for what there is.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => cli.terminal.out(text.trimEnd()),
      writeErr: (text) => cli.terminal.err(text.trimEnd()),
    })
    .hook('preAction', (_program, command) => cli.begin(command.optsWithGlobals<GlobalOptions>()));
  for (const add of [
    addContext,
    addRole,
    addInstance,
    addKey,
    addFlow,
    addMessage,
    addDecision,
    addRoot,
    addCa,
    addProposal,
    addCertificate,
    addAudit,
    addEvent,
    addSubscriber,
    addState,
    addToken,
    addTokenKey,
    addPerson,
    addDoctor,
    addCompletion,
  ])
    add(program, cli);
  inherit(program);
  return program;
}

/** Subcommands end and write as the program does, and take its options behind their own words too. */
function inherit(parent: Command): void {
  for (const command of parent.commands) {
    command.copyInheritedSettings(parent);
    inherit(command);
  }
}
