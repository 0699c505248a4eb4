import { describe, expect, it } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { operations } from './operations.js';

const folder = new URL('../api/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'));

describe('the calls of the admin API', () => {
  it.each(files)('that %s defines are among the operations, and so have a route', async (file) => {
    const module = (await import(new URL(file, folder).href)) as Record<string, unknown>;
    for (const [name, value] of Object.entries(module)) {
      if (typeof value !== 'object' || value === null) continue;
      const operation = 'http' in value ? value.http : 'answer' in value && 'path' in value ? value : undefined;
      if (operation !== undefined) expect([name, operations.includes(operation as never)]).toEqual([name, true]);
    }
  });
});
