import { describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { WatchEventLoop, type Stall } from './watch-event-loop.js';

describe('the event loop', () => {
  it('is said to have stood still when a timer is 100 ms late, and told of from a second on with the flow that ran last', () => {
    let now = 0;
    let cpu = 0;
    const told: Stall[] = [];
    const worked: number[] = [];
    const watch = new WatchEventLoop(
      (stall) => void told.push(stall),
      (ms) => void worked.push(ms),
      () => now,
      () => cpu,
    );
    watch.start();
    watch.stop();
    const lookAfter = (ms: number, cpuMs = ms) => {
      now += ms;
      cpu += cpuMs;
      watch.look();
    };
    for (const ms of [20, 25, 119, 20]) lookAfter(ms);
    expect([watch.stalls, told]).toEqual([{ work: 0, wait: 0 }, []]);
    lookAfter(130);
    expect([watch.stalls, watch.maxMs, told]).toEqual([{ work: 1, wait: 0 }, { work: 110, wait: 0 }, []]);
    // The machine gave the processor to others.
    lookAfter(420, 150);
    expect([watch.stalls, watch.maxMs]).toEqual([
      { work: 1, wait: 1 },
      { work: 110, wait: 400 },
    ]);
    watch.lastFlow = 'orders';
    lookAfter(1_520, 1_400);
    lookAfter(20);
    expect([watch.stalls, watch.maxMs, told]).toEqual([
      { work: 2, wait: 1 },
      { work: 1_500, wait: 400 },
      [{ ms: 1_500, cpuMs: 1_400, flow: 'orders' }],
    ]);
    expect(worked).toEqual([0, 5, 99, 0, 110, 150, 1_400, 0]);
  });

  it('that stands still for longer than its limit ends its process, and one that is only busy does not', async () => {
    // As it was built: a process of its own cannot run what it was written in.
    const built = join(import.meta.dirname, '../../dist/event-loop/end-stuck-process.js');
    const source = (work: string) => `
      const { EndStuckProcess } = await import(${JSON.stringify(built)});
      const end = new EndStuckProcess(1000, (error) => { throw error; });
      await new Promise((resolve) => setTimeout(resolve, 1500));
      ${work}
      await end.stop();`;
    const ended = async (work: string) => {
      const child = spawn(process.execPath, ['--input-type=module', '--eval', source(work)], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let said = '';
      child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
      const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
      return { code, signal, said };
    };
    const [stuck, busy] = await Promise.all([
      ended('for (;;);'),
      ended(
        'for (let n = 0; n < 30; n++) { const until = performance.now() + 100; while (performance.now() < until); await new Promise((resolve) => setTimeout(resolve, 300)); }',
      ),
    ]);
    expect([stuck.signal, stuck.said.includes('the event loop has stood still for 1 s')]).toEqual(['SIGKILL', true]);
    expect(busy).toEqual({ code: 0, signal: null, said: '' });
  }, 60_000);
});
