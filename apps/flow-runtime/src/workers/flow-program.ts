import { boundedBodyBytes, compileFlow, type CompiledFlow, type FlowDefinition } from '@sluice/flow-engine';
import type { WorkerFlow } from './worker-task.js';

/** Octets of a definition that is compiled where requests are admitted. */
const maxDefinitionHere = 256 * 1024;

/** Where the messages of a flow run. */
export interface FlowProgram {
  /** Present for a flow whose messages are bounded by construction, while their bodies are no larger than this. */
  readonly here?: { readonly flow: CompiledFlow; readonly maxBodyBytes: number };
  /** For all others. */
  readonly elsewhere: WorkerFlow;
}

let programs = 0;

/**
 * @param flow its id and version, for people
 * @throws FlowDefinitionError with every problem, of a flow that is compiled here; others are compiled where they run
 */
export function programOf(definition: FlowDefinition, flow: string): FlowProgram {
  const text = Buffer.from(JSON.stringify(definition));
  // A version may come again with other contents, from a backup say: workers must not take the one for the other.
  const elsewhere: WorkerFlow = { name: `${flow} ${++programs}`, definition: text };
  const maxBodyBytes = text.length > maxDefinitionHere ? -1 : boundedBodyBytes(definition);
  return maxBodyBytes < 0 ? { elsewhere } : { here: { flow: compileFlow(definition), maxBodyBytes }, elsewhere };
}
