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
  // A version may come again with other contents, from a backup say: workers must not take the one for the other.
  const elsewhere = new WrittenWhenAsked(`${flow} ${++programs}`, definition);
  const maxBodyBytes = boundedBodyBytes(definition);
  return maxBodyBytes < 0 || elsewhere.definition.length > maxDefinitionHere
    ? { elsewhere }
    : { here: { flow: compileFlow(definition), maxBodyBytes }, elsewhere };
}

/** A definition comes in the turn of the event loop in which it was parsed: three megabytes are not written in the same. */
class WrittenWhenAsked implements WorkerFlow {
  #written: Buffer | undefined;

  constructor(
    readonly name: string,
    private readonly flow: FlowDefinition,
  ) {}

  get definition(): Buffer {
    return (this.#written ??= Buffer.from(JSON.stringify(this.flow)));
  }
}
