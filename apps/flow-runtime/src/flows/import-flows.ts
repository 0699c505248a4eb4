import { flowIdViolation, SluiceError } from '@sluice/domain';
import type { FlowProblem } from '@sluice/flow-engine';
import type { DeploymentWarning, JudgedFlow, JudgeFlows } from './judge-flows.js';
import type { Deployment, DeployFlow } from './deploy-flow.js';

export interface ImportRequest {
  readonly content: Uint8Array;
  readonly ports?: Readonly<Record<string, string>> | undefined;
  readonly actor: string;
}

/** What became of one flow of a package. */
export interface ImportedFlow {
  readonly id: string;
  readonly name: string;
  readonly path: string;
  readonly outcome: Deployment['outcome'] | 'refused';
  readonly deployment?: Deployment;
  readonly warnings: readonly DeploymentWarning[];
  readonly problems: readonly FlowProblem[];
  readonly scriptsToPort: JudgedFlow['judgement']['scriptsToPort'];
  /** Why it was refused. */
  readonly error?: string;
}

/** Deploys every flow of a package, each for itself: one that is refused does not hold up the others. */
export class ImportFlows {
  constructor(
    private readonly deployFlow: DeployFlow,
    private readonly judge: JudgeFlows,
  ) {}

  /**
   * Can be repeated: what is deployed already in the same form stays as it is.
   * @throws SluiceError `flow-invalid` when the archive cannot be read or holds no flow
   */
  async execute(request: ImportRequest): Promise<{
    flows: ImportedFlow[];
    others: readonly { readonly name: string; readonly kind: string }[];
  }> {
    const artifact = { mediaType: 'application/zip', content: request.content, ports: request.ports };
    const { flows, others } = await this.judge.all(artifact, unreadable);
    const [first] = flows;
    if (flows.length === 1 && first?.judgement.id === unreadable) {
      const { problems } = first.judgement;
      throw new SluiceError('flow-invalid', problems[0]?.message ?? 'The archive cannot be read.', { problems });
    }
    const imported: ImportedFlow[] = [];
    const taken = new Set<string>();
    for (const flow of flows) {
      const id = idOf(flow.judgement.id);
      imported.push(await this.#import(id, flow, taken.has(id), request.actor));
      taken.add(id);
    }
    return { flows: imported, others };
  }

  async #import(id: string, flow: JudgedFlow, taken: boolean, actor: string): Promise<ImportedFlow> {
    const { name, path, warnings, problems, scriptsToPort } = flow.judgement;
    const told = { id, name, path, warnings, problems, scriptsToPort };
    if (taken) return { ...told, outcome: 'refused', error: `Another flow of the package has the id ${id}.` };
    if (flowIdViolation(id)) return { ...told, outcome: 'refused', error: `${name} has no id that a flow can have.` };
    try {
      const deployment = await this.deployFlow.deploy(id, flow, actor);
      return { ...told, outcome: deployment.outcome, deployment };
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      return { ...told, outcome: 'refused', error: error.message };
    }
  }
}

/** No artifact has this id: it stands for the archive itself. */
const unreadable = '(archive)';

/** Ids of artifacts hold dots and other characters, which ids of flows may not. */
function idOf(artifactId: string): string {
  return artifactId
    .replace(/[^A-Za-z0-9_-]+/g, '_')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 128);
}
