import type { RequestContract } from '@sluice/contracts';
import { invalidArgument, SluiceError } from '@sluice/domain';
import { currentRequest } from '@sluice/messaging';
import { createHash } from 'node:crypto';
import type { DataSource, EntityManager } from 'typeorm';
import { canonicalJson } from '../content-tag.js';
import type { PublishedChanges } from '../publish-changes.js';
import { RepeatedCall, runIdempotently, type IdempotentCall } from './idempotent-call.js';
import type { CallIdentity, KeptAnswers } from './kept-answers.js';

type Propagation = 'published' | 'pending';

/** A request that may be repeated with its `Idempotency-Key`. */
interface RepeatableRequest {
  readonly actor: { readonly name: string };
  readonly idempotencyKey?: string | undefined;
}

/** A call that makes something once, however often it is sent. */
export interface OnceOptions<Value, Answer> {
  /** Makes one change, by `PublishedChanges.commit`. */
  readonly execute: () => Promise<{ readonly value: Value; readonly propagation: Propagation }>;
  /** Of what was made; with an `Idempotency-Key` it is asked within the transaction. */
  readonly answer: (value: Value, manager: EntityManager) => Answer | Promise<Answer>;
  /** It is shown once: of those who repeat the call, to the first. */
  readonly secret?: boolean;
  /** Members of the request that are not the same when the call is repeated. */
  readonly differing?: readonly string[];
}

/**
 * Gives a call that is repeated with its `Idempotency-Key` the first answer. The answer is kept in the transaction of
 * the change, so that neither is there without the other (ADR 47).
 */
export class IdempotentAnswers {
  /** @param isOn whether answers are kept at all */
  constructor(
    private readonly dataSource: DataSource,
    private readonly changes: PublishedChanges,
    private readonly kept: KeptAnswers,
    private readonly isOn: boolean,
  ) {}

  /**
   * @throws SluiceError `invalid-argument` for a key where no answers are kept; `idempotency-key-reused` when another call had
   * the key, or its answer had a secret and was given already; what `execute` throws, and then nothing is kept
   */
  async once<Value, Answer extends object>(
    contract: RequestContract,
    request: RepeatableRequest,
    options: OnceOptions<Value, Answer>,
  ): Promise<Answer & { propagation: Propagation }> {
    const { execute, answer } = options;
    const { idempotencyKey, actor } = request;
    if (idempotencyKey === undefined) {
      const { value, propagation } = await execute();
      return { ...(await answer(value, this.dataSource.manager)), propagation };
    }
    if (!this.isOn)
      throw invalidArgument([
        { field: 'Idempotency-Key', message: 'is not taken: no answers are kept here (IDEMPOTENT_ANSWERS=off)' },
      ]);
    const call: CallIdentity = {
      administrator: actor.name,
      key: idempotencyKey,
      digest: digestOf(contract, request, options.differing ?? []),
    };
    return (await this.#repeated<Answer>(call)) ?? this.#carryOut(call, options);
  }

  async #carryOut<Value, Answer extends object>(
    call: CallIdentity,
    { execute, answer, secret = false }: OnceOptions<Value, Answer>,
  ): Promise<Answer & { propagation: Propagation }> {
    let given: Answer | undefined;
    const idempotent: IdempotentCall = {
      claim: async (manager) => {
        if (!(await this.kept.claim(manager, call, secret))) throw new RepeatedCall();
      },
      keep: async (manager, value, outboxIds) => {
        given = await answer(value as Value, manager);
        await this.kept.keep(manager, call, JSON.stringify(given), outboxIds);
      },
    };
    try {
      const { propagation } = await runIdempotently(idempotent, execute);
      if (!given) throw new Error('A call that may be repeated made no change.');
      return { ...given, propagation };
    } catch (error) {
      // Sent at the same time it may also fail for what the other one has made, before it comes to its transaction.
      const repeated = await this.#repeated<Answer>(call);
      if (repeated) return repeated;
      throw error;
    }
  }

  async #repeated<Answer extends object>(
    call: CallIdentity,
  ): Promise<(Answer & { propagation: Propagation }) | undefined> {
    const kept = await this.kept.take(call);
    if (!kept) return undefined;
    if (kept.digest !== call.digest)
      throw new SluiceError(
        'idempotency-key-reused',
        'Another request was sent with this Idempotency-Key within ten minutes: choose a new key for each request.',
      );
    if (kept.answer === undefined)
      throw new SluiceError(
        'idempotency-key-reused',
        'This request was carried out, and its answer is kept no longer: what is shown once was given to who repeated it.',
      );
    const propagation = (await this.changes.published(kept.outboxIds)) ? 'published' : 'pending';
    return { ...(JSON.parse(kept.answer) as Answer), propagation };
  }
}

/**
 * Of what is asked for: which request, and each member of it, those of the path too; and the rights it is asked with, so that
 * somebody who comes to have the same name with fewer is not given what was made with more.
 */
function digestOf(contract: RequestContract, request: object, differing: readonly string[]): string {
  const { actor: _actor, idempotencyKey: _key, ...members } = request as Record<string, unknown>;
  for (const member of differing) delete members[member];
  return createHash('sha256')
    .update(canonicalJson([contract.subject, members, currentRequest()?.rights?.toSorted() ?? []]))
    .digest('hex');
}
