import { describe, expect, it } from '@jest/globals';
import { decodePem, encodePem } from '@sluice/pki';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeUnusableRoot } from '../container/make-unusable-root.js';
import { KeepTrustList, type TrustListHolder } from './keep-trust-list.js';

const now = Date.UTC(2026, 5, 1);
const root = async () => decodePem(await makeUnusableRoot(now))[0] as Uint8Array;
const sha1 = (der: Uint8Array) => createHash('sha1').update(der).digest('hex');

class Holder implements TrustListHolder {
  held: Uint8Array[] = [];
  replaced = 0;
  away = false;

  async fingerprints() {
    if (this.away) throw new Error('away');
    return new Set(this.held.map(sha1));
  }

  async replace(roots: readonly Uint8Array[]) {
    this.replaced++;
    this.held = [...roots];
  }
}

async function withFolder(
  test: (made: {
    keep: KeepTrustList;
    holder: Holder;
    list: { roots: Uint8Array[] | Error };
    file: string;
    none: Uint8Array;
  }) => Promise<void>,
) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-trust-'));
  const none = await root();
  const [file, noRootFile] = [join(folder, 'trusted-roots.pem'), join(folder, 'no-trusted-root.pem')];
  writeFileSync(noRootFile, encodePem(none));
  const holder = new Holder();
  const list: { roots: Uint8Array[] | Error } = { roots: [] };
  const keep = new KeepTrustList({
    list: async () => {
      if (list.roots instanceof Error) throw list.roots;
      return list.roots;
    },
    holder,
    trustListFile: file,
    noRootFile,
  });
  try {
    await test({ keep, holder, list, file, none });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('KeepTrustList', () => {
  it('gives the load balancer the list and does not disturb it again', () =>
    withFolder(async ({ keep, holder, list, file }) => {
      list.roots = [await root(), await root()];
      expect(await keep.round()).toMatch(/\(2\)/);
      expect(holder.held).toEqual(list.roots);
      expect(decodePem(readFileSync(file, 'utf8'))).toHaveLength(2);
      expect(await keep.round()).toBeUndefined();
      expect(holder.replaced).toBe(1);
    }));

  it('takes a removed root away', () =>
    withFolder(async ({ keep, holder, list, file }) => {
      const [first, second] = [await root(), await root()];
      list.roots = [first, second];
      await keep.round();
      list.roots = [second];
      await keep.round();
      expect(holder.held).toEqual([second]);
      expect(decodePem(readFileSync(file, 'utf8'))).toEqual([second]);
    }));

  it('gives the list again to a load balancer that was restarted with an older one', () =>
    withFolder(async ({ keep, holder, list }) => {
      list.roots = [await root()];
      await keep.round();
      holder.held = [await root()];
      expect(await keep.round()).toMatch(/gave the load balancer/);
      expect(holder.held).toEqual(list.roots);
    }));

  it('attack 26: holds a root nothing chains to when the list is empty', () =>
    withFolder(async ({ keep, holder, none }) => {
      await keep.round();
      expect(holder.held).toEqual([none]);
    }));

  it('attack 26: leaves the last good list where it is when there is none to be had', () =>
    withFolder(async ({ keep, holder, list, file }) => {
      const good = [await root()];
      list.roots = good;
      await keep.round();
      list.roots = new Error('the admin API is away');
      await expect(keep.round()).rejects.toThrow('the admin API is away');
      expect(holder.held).toEqual(good);
      expect(decodePem(readFileSync(file, 'utf8'))).toEqual(good);
    }));

  it('writes the file for a load balancer that is not up yet, and gives it the list when it is', () =>
    withFolder(async ({ keep, holder, list, file }) => {
      list.roots = [await root()];
      holder.away = true;
      await expect(keep.round()).rejects.toThrow('away');
      expect(decodePem(readFileSync(file, 'utf8'))).toEqual(list.roots);
      holder.away = false;
      await keep.round();
      expect(holder.held).toEqual(list.roots);
    }));
});
