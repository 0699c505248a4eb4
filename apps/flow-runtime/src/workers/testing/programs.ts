import { compileFlow, type FlowDefinition } from '@sluice/flow-engine';
import { BodyMemory } from '../../fair-shares/body-memory.js';
import type { FlowProgram } from '../flow-program.js';
import { FlowWorkers, type FlowWorkersOptions } from '../flow-workers.js';

/** Real workers, whose processes start when the first message needs them. */
export function testWorkers(more: Partial<FlowWorkersOptions> = {}): FlowWorkers {
  return new FlowWorkers({
    processes: 2,
    cpuMs: 20_000,
    memoryMb: 512,
    scriptTimeLimitMs: 10_000,
    scriptMemoryBytes: 64 * 1_048_576,
    memory: new BodyMemory(),
    onFault: () => undefined,
    ...more,
  });
}

/** A program whose messages run in the test's own process, whatever they cost: for tests that are not about where they run. */
export function programHere(definition: FlowDefinition): FlowProgram {
  return {
    here: { flow: compileFlow(definition), maxBodyBytes: Infinity },
    elsewhere: { name: definition.name, definition: Buffer.from(JSON.stringify(definition)) },
  };
}
