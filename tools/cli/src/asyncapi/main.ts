import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../stack-facts.js';
import { line, runProgram } from '../terminal.js';
import { renderAsyncApi } from './render-document.js';

/** Writes docs/asyncapi.yaml from the schemas of the events. */
await runProgram(async () => {
  const file = join(projectRoot, 'docs', 'asyncapi.yaml');
  writeFileSync(file, await renderAsyncApi());
  line(`wrote ${file}`);
});
