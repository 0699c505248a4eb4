import { decisionSubjectPrefix, type DecisionRecord } from '@sluice/contracts';
import type { NatsConnection } from '@nats-io/transport-node';
import { randomBytes } from 'node:crypto';
import type { Evidence } from '../decide-call/decide-call.js';

export interface DecidedCall {
  readonly outcome: DecisionRecord['outcome'];
  readonly status: number;
  readonly reason: string;
  readonly path: string;
  readonly flow?: string;
  readonly certificateSha256?: string;
  readonly evidence: Evidence;
}

/** Keeps why calls were denied, under an id that tells the sender nothing. */
export class RecordDecision {
  constructor(
    private readonly connection: NatsConnection,
    private readonly now: () => number,
    private readonly onFault: (error: unknown, what: string) => void,
  ) {}

  /** @returns the id; the record is on its way, and the answer does not wait for it */
  record(call: DecidedCall): string {
    const id = randomBytes(16).toString('base64url');
    const { verdict, checks } = call.evidence;
    const record: DecisionRecord = {
      id,
      at: new Date(this.now()).toISOString(),
      outcome: call.outcome,
      status: call.status,
      reason: call.reason,
      path: call.path.slice(0, 2_048),
      ...(call.flow ? { flow: call.flow } : {}),
      ...(call.certificateSha256
        ? {
            certificate: {
              sha256: call.certificateSha256,
              ...(verdict?.subjectdn ? { subjectdn: verdict.subjectdn } : {}),
              ...(verdict?.issuerdn ? { issuerdn: verdict.issuerdn } : {}),
            },
          }
        : {}),
      ...(verdict?.serviceKeyId
        ? {
            serviceKey: {
              id: verdict.serviceKeyId,
              ...(verdict.serviceKeyName ? { name: verdict.serviceKeyName } : {}),
            },
          }
        : {}),
      ...(verdict?.serviceInstanceId ? { serviceInstanceId: verdict.serviceInstanceId } : {}),
      checks: [...checks],
      ...(verdict?.nearestMatch ? { nearestMatch: verdict.nearestMatch } : {}),
    };
    try {
      this.connection.publish(`${decisionSubjectPrefix}${id}`, JSON.stringify(record));
    } catch (error) {
      this.onFault(error, 'keeping a decision record');
    }
    return id;
  }
}
