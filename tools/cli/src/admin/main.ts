import { AdminClient } from '@sluice/admin-client';
import { readStackFacts, stackHome, type StackFacts } from '../stack-facts.js';
import { runProgram } from '../terminal.js';
import { backUp } from './backup.js';
import { restore } from './restore.js';
import { rotateMasterKey } from './rotate-master-key.js';
import { rotateRecordKey } from './rotate-record-key.js';
import { compareState, rebuildState } from './state.js';
import { createSubscriber, listSubscribers, revokeSubscriber } from './subscribers.js';
import { createToken, listTokens, revokeToken } from './tokens.js';
import { verifyAudit } from './verify-audit.js';

const usage = `Usage: npm run admin -- COMMAND

  create-token NAME [RIGHTS [DAYS]]
                       makes an admin token and shows it this once: with RIGHTS (Keys.manage,Audit.read), else with those of the
                       token it is made by; for DAYS, else for 90
  list-tokens          lists the tokens: their rights, when they end, when they were last used
  revoke-token NAME    revokes a token
  create-subscriber NAME [KEY]
                       lets somebody subscribe to the events, by the public nkey KEY; without it a seed is made and shown this once
  list-subscribers     lists who may subscribe, and when each was last there
  revoke-subscriber NAME
                       ends a subscriber: its connections and its consumers
  compare-state        compares the state stream with Postgres; prints what differs, and then ends with code 2
  rebuild-state        makes the state stream anew from Postgres; calls are answered 503 until it is filled
  verify-audit         checks the audit trails, and against the event stream; ends with code 2 when one is not whole
  backup FILE          writes secrets, certificates and all tables of the running local stack into one file
  rotate-master-key    gives the running local stack another master key, without a stop
  rotate-record-key    gives the running local stack another key to sign state records with, without a stop
  restore FILE         makes the home folder anew from it; SLUICE_HOME must be empty or absent

It works on the running local stack, or on SLUICE_ADMIN_URL with SLUICE_ADMIN_TOKEN.`;

function client(): AdminClient {
  const { SLUICE_ADMIN_URL: url, SLUICE_ADMIN_TOKEN: token } = process.env;
  if (url && token) return new AdminClient({ url, token });
  const facts = readStackFacts(process.env);
  return new AdminClient({ url: facts.adminUrl, token: facts.adminToken });
}

/** Of the local stack, unless another is named: then nothing says where its event stream is. */
function stackFacts(): StackFacts | undefined {
  return process.env['SLUICE_ADMIN_URL'] ? undefined : readStackFacts(process.env);
}

function required(name: string | undefined, what = 'the token'): string {
  if (name) return name;
  throw new Error(`Name ${what}.\n\n${usage}`);
}

await runProgram(async () => {
  const [command, name, key, more] = process.argv.slice(2);
  switch (command) {
    case 'create-token':
      return createToken(client(), required(name), key, more);
    case 'list-tokens':
      return listTokens(client());
    case 'revoke-token':
      return revokeToken(client(), required(name));
    case 'create-subscriber':
      return createSubscriber(client(), required(name, 'the subscriber'), key);
    case 'list-subscribers':
      return listSubscribers(client());
    case 'revoke-subscriber':
      return revokeSubscriber(client(), required(name, 'the subscriber'));
    case 'compare-state':
      return compareState(client());
    case 'rebuild-state':
      return rebuildState(client());
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
