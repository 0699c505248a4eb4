import { decodePem, encodePem } from '@sluice/pki';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { replaceFile } from '../secret-files.js';

/** What the list is kept in: a running load balancer. */
export interface TrustListHolder {
  fingerprints(): Promise<Set<string>>;
  replace(roots: readonly Uint8Array[]): Promise<void>;
}

export interface KeepTrustListOptions {
  readonly list: () => Promise<readonly Uint8Array[]>;
  readonly holder: TrustListHolder;
  /** Read by a load balancer that starts. */
  readonly trustListFile: string;
  /** A root to give to a load balancer that must have one, when there is none. */
  readonly noRootFile: string;
}

/**
 * Brings file and load balancer to the list the administrator has, by comparing: whichever of them was restarted or missed
 * something, the next round finds it. When the list cannot be had, the last good one stays (attack 26).
 */
export class KeepTrustList {
  /** A predecessor may have ended in the middle of giving the list. */
  #given = false;

  constructor(private readonly options: KeepTrustListOptions) {}

  /** @returns a sentence when something was changed */
  async round(): Promise<string | undefined> {
    const { holder, trustListFile, noRootFile } = this.options;
    const listed = [...(await this.options.list())];
    const roots = listed.length > 0 ? listed : decodePem(readFileSync(noRootFile, 'utf8'));
    const wanted = new Map(roots.map((der) => [createHash('sha1').update(der).digest('hex'), der]));
    const bundle = [...wanted.values()].map((der) => encodePem(der)).join('');
    const isNew = !existsSync(trustListFile) || readFileSync(trustListFile, 'utf8') !== bundle;
    if (isNew) replaceFile(trustListFile, bundle, 0o440);

    const held = await holder.fingerprints();
    if (this.#given && held.size === wanted.size && [...wanted.keys()].every((fingerprint) => held.has(fingerprint))) {
      return isNew ? `wrote the list of trusted roots (${listed.length})` : undefined;
    }
    await holder.replace([...wanted.values()]);
    this.#given = true;
    return `gave the load balancer the list of trusted roots (${listed.length})`;
  }
}
