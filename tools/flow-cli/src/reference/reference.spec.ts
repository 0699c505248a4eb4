import { describe, expect, it } from '@jest/globals';
import { readFlowDefinition } from '@sluice/flow-engine';
import { readFileSync } from 'node:fs';
import { readExamples, referenceFile, referenceText } from './read-reference.js';

describe('docs/flow-reference.md', () => {
  it('is as `npm run flow-reference` writes it from the schema and the examples', async () => {
    expect(readFileSync(referenceFile, 'utf8')).toBe(await referenceText());
  });

  it('cannot be written while a step or an adapter has no example, or an example is of none', async () => {
    const without = new Map(readExamples());
    without.delete('step-router');
    await expect(referenceText(without)).rejects.toThrow('examples/flows/step-router.yaml is missing');
    await expect(referenceText(new Map([...readExamples(), ['step-nothing', '']]))).rejects.toThrow(
      'examples/flows has step-nothing, which is no step or adapter',
    );
  });

  it.each([...readExamples()])(
    'has in %s a flow by that name, which uses what the file is named after',
    (name, yaml) => {
      const content = new TextEncoder().encode(yaml);
      const { definition, warnings } = readFlowDefinition({ mediaType: 'application/yaml', content });
      expect([definition.name, warnings]).toEqual([name, []]);
      const [kind, what = ''] = name.split('-');
      expect(yaml).toMatch(new RegExp(kind === 'step' ? `^ *- ${what}:` : `adapter: ${what}\\b`, 'm'));
    },
  );
});
