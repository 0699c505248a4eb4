import { describe, expect, it } from '@jest/globals';
import { operations } from '@sluice/contracts';
import { rightNames, rights } from '@sluice/domain';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const code = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(', ');

/** The rows as the definitions have them: the right, what it is for, what it includes, and the operations that need it. */
const defined = rightNames.map((right) => [
  code([right]),
  rights[right].description,
  code(rights[right].includes),
  code(operations.filter(({ needs }) => needs === right).map(({ id }) => id)),
]);

describe('docs/admin-api.md', () => {
  it('has every right as it is defined, with the operations that need it', () => {
    const documented = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'admin-api.md'), 'utf8')
      .split('\n')
      .filter((line) => /^\| +`[A-Z]\w+\.[a-z]+` +\|/.test(line))
      .map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );
    expect(documented).toEqual(defined);
  });
});
