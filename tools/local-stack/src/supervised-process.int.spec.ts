import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { TemporaryFolder, until } from '@sluice/testing';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SupervisedProcess } from './supervised-process.js';

describe('a supervised process', () => {
  const folder = new TemporaryFolder('supervised-process');
  const said: string[] = [];
  let supervised: SupervisedProcess;

  afterAll(() => folder.remove());

  afterEach(async () => {
    await supervised.stop();
    said.length = 0;
  });

  /** @param ends how the program ends, each time it is started */
  function start(ends: string): () => number {
    const program = join(folder.path, 'program.mjs');
    const starts = join(folder.path, 'starts');
    writeFileSync(starts, '');
    writeFileSync(
      program,
      `import { appendFileSync } from 'node:fs';\nappendFileSync(${JSON.stringify(starts)}, '.');\n${ends}`,
    );
    supervised = new SupervisedProcess({
      name: 'authorization',
      program,
      environment: {},
      logFile: join(folder.path, 'program.log'),
      say: (text) => void said.push(text),
      onChange: () => undefined,
    });
    supervised.start();
    return () => readFileSync(starts, 'utf8').length;
  }

  it('that ends because of a wrong setting is not started again, and what it said of it is passed on whole', async () => {
    const starts = start(
      `process.stderr.write('FLOW_URL: '); process.stderr.write('x'.repeat(100) + '\\n', () => process.exit(78));`,
    );
    await until(() => said.length > 0, { what: 'the end of the process' });
    expect(supervised.refusal).toContain(`FLOW_URL: ${'x'.repeat(100)}`);
    expect(said).toEqual([expect.stringContaining('authorization is not started again: FLOW_URL: x')]);
    expect(starts()).toBe(1);
  });

  it('that says nothing of why is told by its log', async () => {
    start('process.exit(78);');
    await until(() => supervised.refusal !== undefined, { what: 'the end of the process' });
    expect(supervised.refusal).toMatch(/^\(log: .*program\.log\)$/);
  });

  it('that ends in any other way is started again', async () => {
    const starts = start('process.exit(1);');
    await until(() => starts() >= 2, { what: 'a second start' });
    expect(supervised.refusal).toBeUndefined();
    expect(said[0]).toMatch(/ended with code 1; starting it again/);
  });
});
