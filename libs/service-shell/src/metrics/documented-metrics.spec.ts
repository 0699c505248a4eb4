import { describe, expect, it } from '@jest/globals';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..', '..', '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

/** The names that the sources register, specs and benches apart. */
const registered = new Set(
  globSync('{apps,libs}/*/src/**/*.ts', { cwd: root })
    .filter((path) => !path.endsWith('.spec.ts'))
    .flatMap((path) =>
      Array.from(
        read(path).matchAll(/\.(?:counter|counted|gauge|histogram)\(\s*'([a-z0-9_]+)'/g),
        ([, name = '']) => name,
      ),
    ),
);
const document = read('docs/observability.md');
const table = document.split('\n').filter((line) => line.startsWith('| `'));
/** What the first column names, without labels. */
const described = table.flatMap((line) =>
  Array.from((line.split('|')[1] ?? '').matchAll(/`([^`{]+)(?:\{[^`]*\})?`/g), ([, name = '']) => name),
);
const ofHistogram = (name: string) => name.replace(/_(bucket|count|sum)$/, '');

describe('docs/observability.md', () => {
  it('describes each metric of our own, once', () => {
    expect(registered.size).toBeGreaterThan(50);
    const own = [...registered].filter((name) => name.startsWith('sluice_'));
    expect(described.filter((name) => name.startsWith('sluice_')).sort()).toEqual(own.sort());
  });

  it('has a family for every other', () => {
    const families = described.filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1));
    for (const name of registered)
      if (!name.startsWith('sluice_'))
        expect([name, families.some((each) => name.startsWith(each))]).toEqual([name, true]);
  });

  it.each(globSync(['docs/*.md', 'deploy/prometheus/*'], { cwd: root }))('%s names none that there is not', (path) => {
    for (const [name] of read(path).matchAll(/\bsluice_[a-z_]+_(?:seconds|bytes|total|milliseconds)\b/g))
      expect([name, registered.has(ofHistogram(name))]).toEqual([name, true]);
  });
});
