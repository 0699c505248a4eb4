import type { FlowProblem } from '@sluice/flow-engine';
import { addressesOf as ownAddresses } from './flow.record.js';
import type { FlowArtifact } from './examine-artifact.js';
import type { FlowJudgement, Judgement, JudgeFlows } from './judge-flows.js';

/** Who has an address: the id of the flow, by address. */
export type FindAddresses = (addresses: readonly string[]) => Promise<ReadonlyMap<string, string>>;

export class CheckFlow {
  constructor(
    private readonly judge: JudgeFlows,
    private readonly findAddresses: FindAddresses,
  ) {}

  /**
   * Tells of every flow of an artifact what a deployment would say. Nothing is kept.
   * @param id the flow it would be deployed as; its own address is not in its way
   * @throws SluiceError `unsupported-media-type`
   */
  async execute(
    artifact: FlowArtifact,
    id?: string,
  ): Promise<{ flows: readonly FlowJudgement[]; others: Judgement['others'] }> {
    const { flows, others } = await this.judge.all(artifact, id);
    const addressesOf = flows.map(({ definition }) => (definition ? ownAddresses(definition) : []));
    const owners = new Map(await this.findAddresses(addressesOf.flat()));
    const judgements = flows.map(({ judgement }, index) => {
      const own = id ?? judgement.id;
      const problems: FlowProblem[] = [];
      for (const address of addressesOf[index] ?? []) {
        const owner = owners.get(address);
        if (owner !== undefined && owner !== own) problems.push(addressTaken(address, owner));
        else owners.set(address, own);
      }
      return problems.length === 0
        ? judgement
        : { ...judgement, verdict: 'refused' as const, problems: [...judgement.problems, ...problems] };
    });
    return { flows: judgements, others };
  }
}

function addressTaken(address: string, owner: string): FlowProblem {
  return {
    path: 'sender.address',
    code: 'invalid-address',
    message: `The address ${address} belongs to the flow ${owner}, so this one would not start.`,
    nearest: 'another address',
  };
}
