import { createHash } from 'node:crypto';
import { auditOrigin } from './audit-trail.js';
import type { AuditHead, AuditRow } from './read-audit.js';

/** Checks a chain entry by entry, in the order of sequences, so that a trail of any length fits. */
export class AuditChainCheck {
  readonly faults: string[] = [];
  #sequence = 0;
  #hash = auditOrigin;
  readonly #heads = new Map<number, Set<string>>();
  #highest: AuditHead = { sequence: 0, hash: auditOrigin };

  /** @param heads hashes that are known from elsewhere, at the sequence they had: each must be in the chain */
  constructor(heads: readonly AuditHead[] = []) {
    for (const head of heads) {
      const hashes = this.#heads.get(head.sequence) ?? new Set();
      this.#heads.set(head.sequence, hashes.add(head.hash));
      if (head.sequence > this.#highest.sequence) this.#highest = head;
    }
  }

  get checked(): number {
    return this.#sequence;
  }

  add({ sequence, previousHash, content, hash }: AuditRow): void {
    const expected = this.#sequence + 1;
    if (sequence > expected) this.#fault(expected, sequence - 1, 'missing');
    if (sequence < expected) this.faults.push(`entry ${sequence} is there twice`);
    if (sequence === expected && previousHash !== this.#hash)
      this.faults.push(`entry ${sequence} does not follow the one before it: one of them was changed or swapped`);
    if (createHash('sha256').update(`${previousHash}\n${content}`).digest('hex') !== hash)
      this.faults.push(`entry ${sequence} was changed: its content does not have its hash`);
    if (sequenceOf(content) !== sequence) this.faults.push(`entry ${sequence} says that it is another one`);
    for (const known of this.#heads.get(sequence) ?? []) {
      if (known !== hash) this.faults.push(`entry ${sequence} has another hash than the event audit.head told then`);
    }
    this.#sequence = sequence;
    this.#hash = hash;
  }

  /** @param head what the database says is the newest entry */
  end(head: AuditHead): void {
    const last = this.#sequence;
    if (head.sequence > last) this.#fault(last + 1, head.sequence, 'missing at the end');
    else if (head.sequence < last) this.faults.push(`entries after ${head.sequence} were inserted`);
    else if (head.hash !== this.#hash) this.faults.push(`the newest entry ${last} has another hash than audit_head`);
    if (this.#highest.sequence > Math.max(last, head.sequence))
      this.#fault(Math.max(last, head.sequence) + 1, this.#highest.sequence, 'missing at the end, as audit.head shows');
  }

  #fault(from: number, to: number, what: string): void {
    this.faults.push(from === to ? `entry ${from} is ${what}` : `entries ${from} to ${to} are ${what}`);
  }
}

function sequenceOf(content: string): number | undefined {
  try {
    return (JSON.parse(content) as { sequence?: number }).sequence;
  } catch {
    return undefined;
  }
}
