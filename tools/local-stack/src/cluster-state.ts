import { replaceFile } from '@sluice/provision';
import { closeSync, existsSync, fsyncSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** What has to be known of two servers of Postgres whatever is killed when. */
export interface ClusterFacts {
  /** The only one that may ever be started to be written on. */
  readonly primary: 1 | 2;
  /** The standby has every change that was acknowledged, and so may be promoted. */
  readonly inStep: boolean;
  /** The other directory is a standby of this primary; else it is made anew before it is used. */
  readonly standbyIsWhole: boolean;
}

/** Kept in a file that is on the disk before anything is done that rests on it. */
export class ClusterState {
  #facts: ClusterFacts;

  constructor(private readonly file: string) {
    this.#facts = existsSync(file)
      ? (JSON.parse(readFileSync(file, 'utf8')) as ClusterFacts)
      : { primary: 1, inStep: false, standbyIsWhole: false };
  }

  get current(): ClusterFacts {
    return this.#facts;
  }

  write(facts: ClusterFacts): void {
    replaceFile(this.file, `${JSON.stringify(facts)}\n`);
    for (const path of [this.file, dirname(this.file)]) {
      const opened = openSync(path, 'r');
      fsyncSync(opened);
      closeSync(opened);
    }
    this.#facts = facts;
  }
}
