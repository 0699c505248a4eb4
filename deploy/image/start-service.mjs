/** Starts the service that the first argument names. */
import { readFileSync } from 'node:fs';

const programs = {
  'key-management': './apps/key-management/dist/main.js',
  'certificate-verifier': './apps/certificate-verifier/dist/main.js',
  authorization: './apps/authorization/dist/main.js',
  'flow-runtime': './apps/flow-runtime/dist/main.js',
  'message-log': './apps/flow-runtime/dist/message-log.main.js',
  'admin-api': './apps/admin-api/dist/main.js',
  provision: './tools/provision/dist/main.js',
  sluice: './tools/cli/dist/sluice/main.js',
};

const [service] = process.argv.splice(2, 1);
if (service === undefined || !Object.hasOwn(programs, service)) {
  process.stderr.write(`Name the service to start: ${Object.keys(programs).join(', ')}.\n`);
  process.exit(64);
}

// The URL holds a password. From a file it reaches this process only, not the container's configuration, which others can read.
const file = process.env.DATABASE_URL_FILE;
if (file) {
  try {
    process.env.DATABASE_URL = readFileSync(file, 'utf8').trim();
  } catch (error) {
    process.stderr.write(`${service} cannot start: DATABASE_URL_FILE cannot be read (${error.code}).\n`);
    process.exit(78);
  }
}

await import(programs[service]);
