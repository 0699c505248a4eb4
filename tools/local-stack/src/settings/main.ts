import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderSettings } from './render-settings.js';
import { readServiceSettings } from './service-settings.js';

/** Writes docs/settings.md from the schemas of the services' settings. */
const root = join(import.meta.dirname, '..', '..', '..', '..');
const file = join(root, 'docs', 'settings.md');
writeFileSync(file, await renderSettings(await readServiceSettings(root), file));
process.stdout.write(`wrote ${file}\n`);
