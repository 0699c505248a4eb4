import { stateKey, type GuardRecord, type UnpinnedRecord } from '@sluice/contracts';
import type { Dependency } from '@sluice/domain';
import type { StateEntry } from '@sluice/messaging';

/** Reads and writes guards. `write` succeeds only if the key still stands at the sequence that was read. */
export interface GuardStore {
  read(key: string): Promise<StateEntry<'guard'>> | StateEntry<'guard'>;
  readNow(key: string): Promise<StateEntry<'guard'>>;
  /** @returns the new sequence, or undefined when another verifier wrote in between */
  write(record: GuardRecord, expectedSequence: number): Promise<number | undefined>;
}

export interface PresentedCertificate {
  readonly sha256: string;
  readonly notBefore: number;
  /** Of the CA that signed it, on the path that was found valid. */
  readonly issuerKeySha256: string;
}

export type GuardOutcome =
  | { readonly outcome: 'accepted'; readonly dependency: Dependency }
  | {
      readonly outcome: 'refused';
      readonly refusal: 'older-certificate' | 'other-issuer-key';
      readonly explanation: string;
      readonly dependency: Dependency;
    }
  /** Others moved the guard each time it was tried: the caller may ask again. */
  | { readonly outcome: 'contended' };

const attempts = 4;

/**
 * Whether a certificate may use an unpinned key: it is the one accepted last, or was issued later, by the same key of the
 * issuer. Accepting a newer one moves the guard on first, by compare-and-set, so that of all verifiers none accepts an
 * older one afterwards.
 */
export async function moveGuard(
  store: GuardStore,
  unpinned: UnpinnedRecord,
  presented: PresentedCertificate,
): Promise<GuardOutcome> {
  const key = stateKey.guard(unpinned.digest);
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const entry = await (attempt === 1 ? store.read(key) : store.readNow(key));
    const guard = entry.record?.serviceKeyId === unpinned.serviceKeyId ? entry.record : undefined;
    const dependency = { key, sequence: entry.sequence };
    const accepted = newer(guard?.accepted, unpinned.accepted);
    const boundKey = guard?.issuerKeySha256 ?? unpinned.issuerKeySha256;
    if (boundKey !== undefined && boundKey !== presented.issuerKeySha256) {
      return {
        outcome: 'refused',
        refusal: 'other-issuer-key',
        explanation:
          'A CA of the same name but with another key issued it: the unpinned key is bound to the key of the issuer it was first used with.',
        dependency,
      };
    }
    const same = presented.sha256 === accepted.sha256;
    if (!same && presented.notBefore <= accepted.notBeforeMs) {
      return {
        outcome: 'refused',
        refusal: 'older-certificate',
        explanation:
          'A certificate with the same names that was issued later has been used already: the older one is refused from then on.',
        dependency,
      };
    }
    if (same && boundKey !== undefined) return { outcome: 'accepted', dependency };
    const sequence = await store.write(
      {
        key,
        version: (entry.record?.version ?? 0) + 1,
        deleted: false,
        digest: unpinned.digest,
        serviceKeyId: unpinned.serviceKeyId,
        issuerKeySha256: presented.issuerKeySha256,
        accepted: { sha256: presented.sha256, notBeforeMs: presented.notBefore },
      },
      entry.sequence,
    );
    if (sequence !== undefined) return { outcome: 'accepted', dependency: { key, sequence } };
  }
  return { outcome: 'contended' };
}

function newer(a: GuardRecord['accepted'] | undefined, b: GuardRecord['accepted']): GuardRecord['accepted'] {
  return a && a.notBeforeMs >= b.notBeforeMs ? a : b;
}
