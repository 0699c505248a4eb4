import { describe, expect, it } from '@jest/globals';
import { decodePem } from '@sluice/pki';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeUnusableRoot } from '../container/make-unusable-root.js';
import { HaproxyTrustList } from './haproxy-trust-list.js';

const caFile = '/run/trust-list/trusted-roots.pem';
const root = async () => decodePem(await makeUnusableRoot(Date.UTC(2026, 5, 1)))[0] as Uint8Array;

/** Speaks as much of HAProxy's runtime API as is used: one command a connection, a payload ends at an empty line. */
async function withHaproxy(
  test: (list: HaproxyTrustList, haproxy: { commands: string[]; refuse?: string; held: Uint8Array[] }) => Promise<void>,
) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-haproxy-'));
  const haproxy: { commands: string[]; refuse?: string; held: Uint8Array[] } = { commands: [], held: [] };
  let transaction: Uint8Array[] | undefined;
  const answer = (text: string): string => {
    const [command = '', ...payload] = text.split('\n');
    const verb = command.split(' ')[0] as string;
    haproxy.commands.push(verb);
    if (verb === haproxy.refuse) return "'set ssl ca-file' : unable to load it.\n";
    const certificates = () => decodePem(payload.slice(0, payload.indexOf('')).join('\n'));
    if (verb === 'set') transaction = certificates();
    else if (verb === 'add') transaction = [...(transaction ?? []), ...certificates()];
    else if (verb === 'abort') transaction = undefined;
    else if (verb === 'commit') {
      haproxy.held = transaction ?? [];
      return `Committing ${caFile}.\nSuccess!\n`;
    } else {
      const shown = haproxy.held.map(
        (der) => `SHA1 FingerPrint: ${createHash('sha1').update(der).digest('hex').toUpperCase()}`,
      );
      return `Filename: ${caFile}\nStatus: Used\n\n${shown.join('\n')}\n`;
    }
    return `transaction created for CA ${caFile}!\n`;
  };
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.on('end', () => socket.end(answer(text)));
  });
  const path = join(folder, 'haproxy.sock');
  server.listen(path);
  await once(server, 'listening');
  try {
    await test(new HaproxyTrustList(path, caFile), haproxy);
  } finally {
    server.close();
    rmSync(folder, { recursive: true });
  }
}

describe('HaproxyTrustList', () => {
  it('replaces the list and sees what is held', () =>
    withHaproxy(async (list, haproxy) => {
      const roots = [await root(), await root()];
      await list.replace(roots);
      expect(haproxy.held).toEqual(roots);
      expect(await list.fingerprints()).toEqual(
        new Set(roots.map((der) => createHash('sha1').update(der).digest('hex'))),
      );
    }));

  it('commits twice, so that the names told to senders are those of the list itself', () =>
    withHaproxy(async (list, haproxy) => {
      await list.replace([await root(), await root()]);
      expect(haproxy.commands).toEqual(['set', 'add', 'commit', 'set', 'add', 'commit']);
    }));

  it.each(['set', 'commit'])('drops what it began when HAProxy refuses to %s', (refuse) =>
    withHaproxy(async (list, haproxy) => {
      haproxy.refuse = refuse;
      await expect(list.replace([await root()])).rejects.toThrow(/unable to load it/);
      expect(haproxy.commands.at(-1)).toBe('abort');
      expect(haproxy.held).toEqual([]);
    }),
  );

  it('says so when HAProxy is not there', async () => {
    await expect(new HaproxyTrustList('/nonexistent/haproxy.sock', caFile).fingerprints()).rejects.toThrow(/ENOENT/);
  });
});
