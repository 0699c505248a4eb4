import { flowJsonSchema } from '@sluice/flow-engine';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FlowSchema } from './describe-members.js';
import { type FlowExamples, renderReference } from './render-reference.js';

const root = join(import.meta.dirname, '..', '..', '..', '..');

export const referenceFile = join(root, 'docs', 'flow-reference.md');

/** Of `examples/flows`. */
export function readExamples(): FlowExamples {
  const folder = join(root, 'examples', 'flows');
  const files = readdirSync(folder).filter((file) => file.endsWith('.yaml'));
  return new Map(files.map((file) => [file.replace(/\.yaml$/, ''), readFileSync(join(folder, file), 'utf8')]));
}

/** docs/flow-reference.md as the sources have it. */
export function referenceText(examples = readExamples()): Promise<string> {
  return renderReference(flowJsonSchema() as FlowSchema, examples, referenceFile);
}
