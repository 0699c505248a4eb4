import { describe, expect, it } from '@jest/globals';
import { readFlowDefinition } from '@sluice/flow-engine';
import { until } from '@sluice/testing';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const built = (file: string) => JSON.stringify(join(import.meta.dirname, '../../dist', file));
const { definition } = readFlowDefinition({
  mediaType: 'application/yaml',
  content: Buffer.from(`name: f
sender: {adapter: ProcessDirect, address: /f}
steps:
  - processCall: {process: p, loop: {while: "true = true", maximumIterations: 99999}}
processes:
  p: {steps: [{filter: {xpath: "count(for $x in 1 to 1000000 return $x)", resultType: Number}}, {contentModifier: {body: <a/>}}]}
`),
});
/** A runtime of nothing but workers, in the middle of a message that comes to no end. */
const runtime = `
  const { FlowWorkers } = await import(${built('workers/flow-workers.js')});
  const { BodyMemory } = await import(${built('fair-shares/body-memory.js')});
  const workers = new FlowWorkers({ processes: 2, cpuMs: 600000, memoryMb: 512, scriptTimeLimitMs: 1000, scriptMemoryBytes: 1e7, memory: new BodyMemory(), onFault: () => undefined });
  const definition = Buffer.from(${JSON.stringify(JSON.stringify(definition))});
  // Workers keep nobody from ending.
  setInterval(() => { if (workers.statistics.busy === 2) console.log(JSON.stringify(workers.pids)); }, 20);
  await workers.start();
  const message = { headers: [], body: { kind: 'text', part: 0 }, attachments: [] };
  const run = { flow: 'f', owner: 'a', channel: JSON.parse(definition).senders[0].id, messageId: 'm', callDepth: 0, deadline: Date.now() + 600000, payloads: false, input: { kind: 'message', message } };
  for (let n = 0; n < 2; n++) void workers.run({ flow: { name: 'f', definition }, run: { ...run, owner: String(n) }, parts: [Buffer.from('<a/>')], ports: { now: () => Date.now(), newId: () => '' } });`;

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('a worker', () => {
  it('in the middle of a message ends with its runtime, though it hears nothing of the end', async () => {
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', runtime], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [told] = (await once(parent.stdout, 'data')) as [Buffer];
    const pids = JSON.parse(told.toString().split('\n')[0] ?? '') as number[];
    try {
      expect(pids.map(runs)).toEqual([true, true]);
      parent.kill('SIGKILL');
      await until(() => !pids.some(runs), { what: 'the end of the workers', timeoutMs: 20_000 });
    } finally {
      for (const pid of pids.filter(runs)) process.kill(pid, 'SIGKILL');
    }
  }, 60_000);
});
