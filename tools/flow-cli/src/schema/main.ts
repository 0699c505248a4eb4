import { flowJsonSchema } from '@sluice/flow-engine';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';

/** Writes flow.schema.json from the description that reads the flows, as `npm run lint` wants it formatted. */
const root = join(import.meta.dirname, '..', '..', '..', '..');
const file = join(root, 'libs', 'flow-engine', 'src', 'reader', 'native', 'flow.schema.json');
const settings = await resolveConfig(file);
writeFileSync(file, await format(JSON.stringify(flowJsonSchema(), null, 2), { ...settings, filepath: file }));
process.stdout.write(`wrote ${file}\n`);
