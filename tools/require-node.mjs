/**
 * Everything runs on the Node that the lock file brings. What is imported here ends at once under an older one, with the next
 * step: else a test fails far from the cause, at the first thing that Node does not know.
 */
import { readFileSync } from 'node:fs';

const { dependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const wanted = dependencies.node;
const major = (version) => Number(version.split('.')[0]);

if (major(process.versions.node) < major(wanted)) {
  process.stderr.write(
    `This is Node ${process.versions.node} (${process.execPath}), and Sluice runs on Node ${wanted}, which \`npm ci\` puts into node_modules/.bin. ` +
      'Call it by npm (`npm run test:only -- path/to/x.spec.ts`, `npm start`) or npx, or put node_modules/.bin first in PATH. ' +
      'If npm itself finds this one, the package `node` was installed without its install script: `npm rebuild node`.\n',
  );
  process.exit(1);
}
