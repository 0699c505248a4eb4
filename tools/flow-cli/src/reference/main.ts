import { writeFileSync } from 'node:fs';
import { referenceFile, referenceText } from './read-reference.js';

/** Writes docs/flow-reference.md from the schema of the flows and the examples. */
writeFileSync(referenceFile, await referenceText());
process.stdout.write(`wrote ${referenceFile}\n`);
