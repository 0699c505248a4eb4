import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const built = join(import.meta.dirname, '../../dist/event-loop/collect-chunks.js');

/** Takes a gigabyte of chunks in a process of its own. @returns how often its whole heap was marked */
function markedBy(take: string): number {
  const source = `
    const { tookChunk } = await import(${JSON.stringify(built)});
    const { PerformanceObserver, constants } = await import('node:perf_hooks');
    const live = Array.from({ length: 300_000 }, (_, n) => ({ n, text: 'text ' + n }));
    let marked = 0;
    new PerformanceObserver((list) => {
      for (const { detail } of list.getEntries()) if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) marked++;
    }).observe({ entryTypes: ['gc'] });
    for (let n = 0; n < 65_536; n++) {
      const chunk = Buffer.allocUnsafeSlow(16_384);
      ${take};
      if (n % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
    process.stdout.write(String(marked) + ' ' + live.length);`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', source], {
    encoding: 'utf8',
  });
  if (!/^\d+ 300000$/.test(stdout)) throw new Error(stderr);
  return Number.parseInt(stdout, 10);
}

describe('chunks of bodies', () => {
  it('are collected without the whole heap being marked for them', () => {
    const [told, untold] = [markedBy('tookChunk(chunk.length)'), markedBy('chunk.fill(0, 0, 1)')];
    expect(told).toBeLessThanOrEqual(3);
    expect(untold).toBeGreaterThan(told);
  });
});
