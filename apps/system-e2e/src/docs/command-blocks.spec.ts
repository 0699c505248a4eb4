import { describe, expect, it } from '@jest/globals';
import { announcedRefusals, otherFences, readPage, readPages, reasonsNotToRun, takesAway } from './command-blocks.js';

describe('the commands of README.md and docs', () => {
  const pages = readPages();
  const where = (path: string, line: number) => `${path}:${line}`;

  it('are in blocks that are run, or that say why not by a reason of the list', () => {
    const unknown = pages.flatMap(({ path, blocks }) =>
      blocks
        .filter(({ notRun }) => notRun !== undefined && !reasonsNotToRun.has(notRun))
        .map(({ line, notRun }) => `${where(path, line)} ${notRun}`),
    );
    expect(unknown).toEqual([]);
    expect(pages.flatMap(({ blocks }) => blocks.filter(({ notRun }) => notRun === undefined)).length).toBeGreaterThan(
      20,
    );
  });

  it('stand in no block by another name, which nobody would run', () => {
    const others = pages.flatMap(({ path, fences }) =>
      fences.filter(({ name }) => !otherFences.has(name)).map(({ line, name }) => `${where(path, line)} ${name}`),
    );
    expect(others).toEqual([]);
  });

  it('take access away only behind a warning, and last in their page', () => {
    for (const { path, blocks } of pages) {
      const run = blocks.filter(({ notRun }) => notRun === undefined);
      const unwarned = run.filter((block) => takesAway(block) && !block.warned);
      expect(unwarned.map(({ line }) => where(path, line))).toEqual([]);
      const first = run.findIndex(takesAway);
      const behind = first === -1 ? [] : run.slice(first).filter((block) => !block.warned);
      expect(behind.map(({ line }) => where(path, line))).toEqual([]);
    }
  });

  it('have the variables of one file, which the first block of a page that uses them reads', () => {
    const uses = /\$\{?(ADMIN|AUTH|JSON|FLOW|CA|EVENTS|WORK)\b|npm run (--silent )?admin\b/;
    for (const { path, blocks } of pages) {
      const run = blocks.filter(({ notRun }) => notRun === undefined);
      const first = run.find(({ commands }) => uses.test(commands.join('\n')) || commands[0]?.startsWith('. '));
      if (first) expect([path, first.commands[0]]).toEqual([path, expect.stringMatching(/^\. \.sluice\/env( |$)/)]);
    }
  });

  it('make things whose names no other page gives to its own', () => {
    const names = pages.flatMap(({ path, blocks }) => {
      const commands = blocks.filter(({ notRun }) => notRun === undefined).flatMap((block) => block.commands);
      const bodies = [...commands.join('\n').matchAll(/\/(?:service-instances|user-roles)\s.*?"name": ?"([^"]+)"/gs)];
      const roots = [...commands.join('\n').matchAll(/create-(?:subscriber|token) ([\w-]+)|-subj '([^']+)'/g)];
      const flows = [
        ...commands.join('\n').matchAll(/-(?:T|X PUT)\s[^\n]*\$ADMIN\/v1\/(?:flows|credentials)\/([\w-]+)/g),
      ];
      const all = [...bodies, ...roots, ...flows].map(([, one, other]) => one ?? other ?? '');
      return [...new Set(all)].map((name) => ({ path, name }));
    });
    const twice = names.filter(({ path, name }) => names.some((other) => other.name === name && other.path !== path));
    expect(twice).toEqual([]);
    expect(names.length).toBeGreaterThan(5);
  });
});

describe('a page of the docs', () => {
  const page = readPage(
    'docs/example.md',
    [
      '# Example',
      '```sh',
      'one',
      '```',
      '<!-- not run: needs Docker -->',
      '',
      '```sh',
      'docker compose up',
      '```',
      '<!-- not run: needs Docker -->',
      'Text between: the marker is that of nothing.',
      '1. in a list',
      '   ```sh',
      '   curl x  # 404: there is none',
      '   ```',
      '> **Warning** It ends.',
      '```sh',
      'curl -X POST $ADMIN/v1/service-keys/$K/revoke # 409',
      '```',
      '## Next',
      '```bash',
      'two',
    ].join('\n'),
  );

  it('is read into its blocks, with the marker right before one', () => {
    expect(page.blocks.map(({ line, notRun, warned }) => [line, notRun, warned])).toEqual([
      [2, undefined, false],
      [7, 'needs Docker', false],
      [13, undefined, false],
      [17, undefined, true],
    ]);
    expect(page.blocks[2]?.commands).toEqual(['curl x  # 404: there is none']);
    expect(page.fences).toEqual([{ line: 21, name: 'bash' }]);
  });

  it('says in comments which refusals are meant, and which block takes access away', () => {
    expect(page.blocks.map(announcedRefusals)).toEqual([[], [], [404], [409]]);
    expect(page.blocks.map(takesAway)).toEqual([false, false, false, true]);
  });
});
