import { decisionSubjectPrefix, type AccessVerdict, type DecisionRecord, type Verdict } from '@sluice/contracts';
import { randomBytes } from 'node:crypto';
import type { Evidence } from './decide-call.js';
import type { PermittedCaller } from './permit-cache.js';
import type { TallyDecisions } from './tally-decisions.js';

export interface DecidedCall {
  readonly outcome: DecisionRecord['outcome'];
  readonly status: number;
  readonly reason: string;
  readonly path: string;
  readonly flow?: string;
  readonly certificateSha256?: string;
  readonly evidence: Evidence;
  /** Known without a verdict, when the call was decided before. */
  readonly caller?: PermittedCaller;
}

interface Waiting {
  readonly id: string;
  readonly at: number;
  readonly call: DecidedCall;
}

export interface DecisionSink {
  publish(subject: string, payload: string): void;
  /** Resolves when what was published has left the process; rejects, or takes its time, when the bus is away. */
  flush(): Promise<void>;
}

/** More that wait are dropped, the newest first: a flood, or a bus that is away, costs a bounded amount of memory. */
const maxWaiting = 2_000;
const batchSize = 200;
/** Texts that senders choose are cut, so that a record stays small. */
const maxPath = 2_048;
const maxText = 1_024;

/**
 * Keeps why calls were denied, and a sample of those that were allowed, under an id that tells the sender nothing. The id is
 * there at once; the record is written later, in batches, and the answer does not wait for it.
 */
export class RecordDecision {
  #waiting: Waiting[] = [];
  #writing = false;
  #dropped = 0;
  #permitted = 0;
  readonly #sampleEvery: number;

  /** @param sample share of the allowed calls that are kept, 0 to 1 @param now milliseconds since 1970 */
  constructor(
    private readonly sink: DecisionSink,
    private readonly tallies: Pick<TallyDecisions, 'note'>,
    sample: number,
    private readonly now: () => number,
    private readonly onFault: (error: unknown, what: string) => void,
  ) {
    this.#sampleEvery = sample > 0 ? Math.round(1 / sample) : Number.POSITIVE_INFINITY;
  }

  /** Records that were not kept because too many waited. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Whether the allowed call that is being answered is one of the sample. */
  sampled(): boolean {
    return ++this.#permitted % this.#sampleEvery === 0;
  }

  /** @returns the id; the record is on its way */
  record(call: DecidedCall): string {
    const id = randomBytes(16).toString('base64url');
    const at = this.now();
    this.tallies.note(id, at, call);
    if (this.#waiting.length >= maxWaiting) this.#dropped++;
    else this.#waiting.push({ id, at, call });
    if (!this.#writing) {
      this.#writing = true;
      setImmediate(() => void this.#write());
    }
    return id;
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, batchSize);
      try {
        for (const each of batch)
          this.sink.publish(`${decisionSubjectPrefix}${each.id}`, JSON.stringify(recordOf(each)));
        await this.sink.flush();
      } catch (error) {
        this.#dropped += batch.length;
        this.onFault(error, 'keeping decision records');
      }
    }
    this.#writing = false;
  }
}

function recordOf({ id, at, call }: Waiting): DecisionRecord {
  const { verdict, access, checks } = call.evidence;
  const known: Partial<Verdict> = verdict ?? whoIs(access) ?? call.caller ?? {};
  const judged = access?.token;
  const token = judged ? { id: judged.id, ...(judged.boundTo ? { boundTo: judged.boundTo } : {}) } : call.caller?.token;
  const certificate = call.certificateSha256 && {
    sha256: call.certificateSha256,
    ...(known.subjectdn ? { subjectdn: cut(known.subjectdn) } : {}),
    ...(known.issuerdn ? { issuerdn: cut(known.issuerdn) } : {}),
    ...(known.serialnumber ? { serialnumber: known.serialnumber } : {}),
    ...(known.namesDigest ? { namesDigest: known.namesDigest } : {}),
  };
  const serviceKey = known.serviceKeyId && {
    id: known.serviceKeyId,
    ...(known.serviceKeyName ? { name: known.serviceKeyName } : {}),
  };
  return {
    id,
    at: new Date(at).toISOString(),
    outcome: call.outcome,
    status: call.status,
    reason: call.reason,
    path: call.path.slice(0, maxPath),
    ...(call.flow ? { flow: call.flow } : {}),
    ...(certificate ? { certificate } : {}),
    ...(token ? { token } : {}),
    ...(serviceKey ? { serviceKey } : {}),
    ...(known.serviceInstanceId ? { serviceInstanceId: known.serviceInstanceId } : {}),
    checks: checks.map((check) => ({ ...check, explanation: cut(check.explanation) })),
    ...(known.nearestMatch ? { nearestMatch: cut(known.nearestMatch) } : {}),
  };
}

/** A token is told by its id, never by itself. */
function whoIs(access: AccessVerdict | undefined): Partial<Verdict> | undefined {
  if (!access) return undefined;
  const { subjectdn, serviceKeyId, serviceKeyName, serviceInstanceId } = access;
  return {
    ...(subjectdn ? { subjectdn } : {}),
    ...(serviceKeyId ? { serviceKeyId } : {}),
    ...(serviceKeyName ? { serviceKeyName } : {}),
    ...(serviceInstanceId ? { serviceInstanceId } : {}),
  };
}

function cut(text: string): string {
  return text.length <= maxText ? text : `${text.slice(0, maxText)}…`;
}
