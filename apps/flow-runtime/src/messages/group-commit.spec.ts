import { describe, expect, it } from '@jest/globals';
import { GroupCommit } from './group-commit.js';

interface Commit {
  readonly lines: string[];
  readonly done: () => void;
  readonly fail: (error: Error) => void;
}

/** Commits that end when the test says so. */
function recorder(lingerMs?: number) {
  const commits: Commit[] = [];
  let came: () => void = () => undefined;
  const commit = new GroupCommit((lines) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    commits.push({ lines: lines.split('\n'), done: resolve, fail: reject });
    came();
    return promise;
  }, lingerMs);
  const next = async (count: number): Promise<Commit> => {
    while (commits.length < count) await new Promise<void>((resolve) => (came = resolve));
    return commits[count - 1] as Commit;
  };
  return { commit, commits, next };
}

const add = (commit: GroupCommit, from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => commit.add(`line ${from + index}`));

describe('a group commit', () => {
  it('commits what comes in the same turn together, and all learn the end', async () => {
    const { commit, commits, next } = recorder();
    const waiting = add(commit, 0, 5);
    (await next(1)).done();
    await Promise.all(waiting);
    expect(commits.map(({ lines }) => lines.length)).toEqual([5]);
  });

  it('has one group under way, and gathers the next meanwhile', async () => {
    const { commit, commits, next } = recorder();
    const first = add(commit, 0, 1);
    await next(1);
    const more = add(commit, 1, 8);
    await new Promise((resolve) => setImmediate(resolve));
    expect(commits).toHaveLength(1);
    commits[0]?.done();
    await first[0];
    const second = await next(2);
    expect(second.lines).toHaveLength(7);
    second.done();
    await Promise.all(more);
  });

  it('waits for a group as large as the one before', async () => {
    const { commit, next } = recorder(60_000);
    const first = add(commit, 0, 8);
    (await next(1)).done();
    await Promise.all(first);
    const few = add(commit, 8, 10);
    await new Promise((resolve) => setImmediate(resolve));
    const rest = add(commit, 10, 16);
    const second = await next(2);
    expect(second.lines).toHaveLength(8);
    second.done();
    await Promise.all([...few, ...rest]);
  });

  it('waits no longer than a moment, and not at all after a small group', async () => {
    const { commit, next } = recorder();
    const first = add(commit, 0, 8);
    (await next(1)).done();
    await Promise.all(first);
    const lone = commit.add('lone');
    (await next(2)).done();
    await lone;
    const { commit: idle, next: nextOfIdle } = recorder(60_000);
    for (let count = 1; count <= 3; count++) {
      const line = idle.add('line');
      (await nextOfIdle(count)).done();
      await line;
    }
  });

  it('tells a failure to the lines of the group alone, and goes on', async () => {
    const { commit, next } = recorder();
    const lost = commit.add('lost');
    (await next(1)).fail(new Error('the bus is away'));
    await expect(lost).rejects.toThrow('the bus is away');
    const kept = commit.add('kept');
    (await next(2)).done();
    await kept;
  });

  it('keeps a group below what a message of the bus may have', async () => {
    const { commit, commits, next } = recorder();
    const large = 'x'.repeat(300_000);
    const waiting = [commit.add(large), commit.add(large), commit.add(large)];
    for (let count = 1; count <= 3; count++) (await next(count)).done();
    await Promise.all(waiting);
    expect(commits.map(({ lines }) => lines.length)).toEqual([1, 1, 1]);
  });
});
