import type { AdminClient } from '@sluice/admin-client';
import { clientOf, namedInstallation } from '../sluice/context/installation.js';
import { adminClientOf, readStackFacts, stackHome, type StackFacts } from '../stack-facts.js';
import { runProgram } from '../terminal.js';
import { backUp } from './backup.js';
import { restore } from './restore.js';
import { rotateMasterKey } from './rotate-master-key.js';
import { rotateRecordKey } from './rotate-record-key.js';
import { verifyAudit } from './verify-audit.js';

const usage = `Usage: npm run admin -- COMMAND

Keeps the local stack that runs here. What administrators do by the admin API is in npm run sluice -- --help.

  verify-audit         checks the audit trails, and against the event stream; ends with code 2 when one is not whole
  backup FILE          writes secrets, certificates and all tables of the running local stack into one file
  rotate-master-key    gives the running local stack another master key, without a stop
  rotate-record-key    gives the running local stack another key to sign state records with, without a stop
  restore FILE         makes the home folder anew from it; SLUICE_HOME must be empty or absent

It works on the running local stack, or on SLUICE_ADMIN_URL with SLUICE_ADMIN_TOKEN, and SLUICE_ADMIN_CA_FILE where its CA is none of the public ones.`;

function client(): AdminClient {
  const named = namedInstallation(process.env);
  return named ? clientOf(named) : adminClientOf(readStackFacts(process.env));
}

/** Of the local stack, unless another is named: then nothing says where its event stream is. */
function stackFacts(): StackFacts | undefined {
  return process.env['SLUICE_ADMIN_URL'] ? undefined : readStackFacts(process.env);
}

function required(name: string | undefined, what: string): string {
  if (name) return name;
  throw new Error(`Name ${what}.\n\n${usage}`);
}

await runProgram(async () => {
  const [command, name] = process.argv.slice(2);
  switch (command) {
    case 'backup': {
      const facts = readStackFacts(process.env);
      return backUp(stackHome(process.env), facts.databaseUrl, required(name, 'the file to write'));
    }
    case 'rotate-master-key': {
      const facts = readStackFacts(process.env);
      return rotateMasterKey(client(), stackHome(process.env), facts.databaseUrl);
    }
    case 'rotate-record-key': {
      const facts = readStackFacts(process.env);
      return rotateRecordKey(client(), stackHome(process.env), facts.databaseUrl);
    }
    case 'restore':
      return restore(stackHome(process.env), required(name, 'the backup'));
    case 'verify-audit':
      return verifyAudit(client(), stackFacts());
    default:
      throw new Error(`${command ? `There is no command ${command}.` : 'Say what to do.'}\n\n${usage}`);
  }
});
