import { describe, expect, it } from '@jest/globals';
import { stateWriters } from '@sluice/contracts';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..', '..');
const page = readFileSync(join(root, 'docs', 'architecture.md'), 'utf8');
const [, house = ''] = /^## The house$([^]*?)^## Ten changes/m.exec(page) ?? [];
const folders = (path: string) =>
  readdirSync(join(root, path), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);

/** For tests and measurements alone; entities and migrations, which the page has once for all. */
const leftOut = new Set(['testing', 'bench', 'persistence']);

describe('docs/architecture.md', () => {
  it('has every app and every library', () => {
    const missing = [...folders('apps'), ...folders('libs')].filter((name) => !house.includes(`  ${name}/ `));
    expect(missing).toEqual([]);
  });

  it.each(folders('apps').filter((name) => name !== 'system-e2e'))('has every folder of %s, and no other', (app) => {
    const [, below = ''] = new RegExp(`^apps/${app}/src/$([^]*?)^(?:apps/|\`\`\`)`, 'm').exec(house) ?? [];
    const named = [...below.matchAll(/(?<=^ +|  )([a-z][a-z-]*)\/(?= |$)/gm)].map(([, name]) => name);
    expect(named.toSorted()).toEqual(
      folders(`apps/${app}/src`)
        .filter((name) => !leftOut.has(name))
        .toSorted(),
    );
  });

  it.each(Object.entries(stateWriters))('says what %s writes to the state stream', (service, prefixes) => {
    const [, cells = ''] = new RegExp(`^\\| ${service} +\\|(.*)$`, 'm').exec(house) ?? [];
    for (const prefix of prefixes)
      expect([service, cells]).toEqual([service, expect.stringContaining(`\`${prefix}\``)]);
  });
});
