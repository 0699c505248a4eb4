import { stateKey } from '@sluice/contracts';
import { flowIdViolation, invalidArgument, SluiceError } from '@sluice/domain';
import {
  compileFlow,
  FlowDefinitionError,
  needsOf,
  readFlowDefinition,
  type FlowDefinition,
  type FlowMediaType,
  type FlowProblem,
  type FlowWarning,
} from '@sluice/flow-engine';
import { nextRecordVersion, violatedUniqueConstraint } from '@sluice/persistence';
import type { ChangeScope, PublishedChanges } from '@sluice/service-shell';
import { addressSchema, flowSchema, type FlowRow } from '../persistence/entities.js';
import { httpSendersOf, toFlowRecord } from '../record/flow-record.js';

const mediaTypes: readonly string[] = ['application/yaml', 'application/json', 'application/xml', 'application/zip'];

export interface DeployRequest {
  readonly id: string;
  readonly mediaType: string;
  readonly content: Uint8Array;
  readonly ports?: Readonly<Record<string, string>> | undefined;
  readonly actor: string;
}

export class DeployFlow {
  constructor(
    private readonly changes: PublishedChanges,
    private readonly roleExists: (role: string) => boolean,
    private readonly now: () => number,
  ) {}

  /**
   * @throws SluiceError `invalid-argument`, `unsupported-media-type`, `flow-invalid` with every problem, `address-in-use`
   */
  async execute(
    request: DeployRequest,
  ): Promise<{ row: FlowRow; created: boolean; propagation: 'published' | 'pending' }> {
    const fault = flowIdViolation(request.id);
    if (fault) throw invalidArgument([fault]);
    const { definition, warnings } = read(request);
    warnings.push(...this.#roleWarnings(definition));
    const { value, propagation } = await this.changes.commit(async (change) => {
      const version = String(await nextRecordVersion(change.manager, stateKey.flow(request.id)));
      const before = await change.manager.findOneBy(flowSchema, { id: request.id });
      const row: FlowRow = {
        id: request.id,
        name: definition.name,
        definition,
        warnings,
        version,
        deployedAt: new Date(this.now()),
      };
      await change.manager.query(
        `INSERT INTO flow (id, name, definition, warnings, version, deployed_at) VALUES ($1, $2, $3::jsonb, $4::jsonb, $5, $6)
         ON CONFLICT (id) DO UPDATE SET name = $2, definition = $3::jsonb, warnings = $4::jsonb, version = $5, deployed_at = $6`,
        [row.id, row.name, JSON.stringify(definition), JSON.stringify(warnings), version, row.deployedAt],
      );
      await takeAddresses(change, row);
      change.state(toFlowRecord(row));
      change.event('flow.deployed', row.id, { actor: request.actor, flow: toEventFlow(row) });
      return { row, created: before === null };
    });
    return { ...value, propagation };
  }

  #roleWarnings(definition: FlowDefinition): FlowWarning[] {
    return httpSendersOf(definition).flatMap(({ authorization }) =>
      authorization.type === 'UserRole' && !this.roleExists(authorization.role)
        ? [
            {
              code: 'unknown-role' as FlowWarning['code'],
              path: 'sender.authorization.role',
              message: `There is no user role ${authorization.role}: until it is created, every caller is refused.`,
            },
          ]
        : [],
    );
  }
}

export function toEventFlow(row: FlowRow) {
  const [sender] = httpSendersOf(row.definition);
  return { id: row.id, name: row.name, address: sender?.address ?? '', version: Number(row.version) };
}

function read(request: DeployRequest) {
  if (!mediaTypes.includes(request.mediaType)) {
    throw new SluiceError('unsupported-media-type', `A flow is deployed as one of ${mediaTypes.join(', ')}.`);
  }
  try {
    const flow = readFlowDefinition({
      mediaType: request.mediaType as FlowMediaType,
      content: request.content,
      ...(request.ports ? { ports: request.ports } : {}),
    });
    compileFlow(flow.definition);
    requireOffered(flow.definition);
    return { definition: flow.definition, warnings: [...flow.warnings] };
  } catch (error) {
    if (!(error instanceof FlowDefinitionError)) throw error;
    throw new SluiceError('flow-invalid', error.message, { problems: error.problems }, { cause: error });
  }
}

/**
 * Refuses a flow that needs what this runtime does not offer, rather than let each of its messages fail.
 * @throws FlowDefinitionError with everything that is missing
 */
function requireOffered(definition: FlowDefinition): void {
  const missing: FlowProblem[] = needsOf(definition).map((need) => ({
    path: '(flow)',
    code: 'unsupported-step',
    message: `The flow needs ${need}, which this runtime does not offer yet.`,
  }));
  for (const [index, sender] of httpSendersOf(definition).entries()) {
    if (!sender.csrfProtection) continue;
    missing.push({
      path: `senders[${index}].csrfProtection`,
      code: 'unsupported-setting',
      message:
        'This runtime does not offer CSRF protection yet: turn it off, certificates are not sent by a browser unasked.',
    });
  }
  if (httpSendersOf(definition).length === 0) {
    missing.push({
      path: 'senders',
      code: 'unsupported-adapter',
      message: 'The flow has no sender channel that listens on HTTP.',
    });
  }
  if (missing.length > 0) throw new FlowDefinitionError(missing);
}

async function takeAddresses(change: ChangeScope, row: FlowRow): Promise<void> {
  await change.manager.delete(addressSchema, { flowId: row.id });
  for (const { address } of httpSendersOf(row.definition)) {
    try {
      await change.manager.insert(addressSchema, { address, flowId: row.id });
    } catch (error) {
      if (violatedUniqueConstraint(error) !== 'address_taken') throw error;
      throw new SluiceError(
        'address-in-use',
        `The address ${address} belongs to another flow, so this one does not start: choose another address.`,
        { address },
        { cause: error },
      );
    }
  }
}
