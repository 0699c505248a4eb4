import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { TemporaryFolder } from '@sluice/testing';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderShellEnvironment } from './shell-environment.js';

describe('the variables of a local stack for a shell', () => {
  let folder: TemporaryFolder;
  beforeEach(() => void (folder = new TemporaryFolder('shell')));
  afterEach(() => folder.remove());

  function readBy(home: string, command: string): string {
    const file = join(folder.path, 'env');
    writeFileSync(
      file,
      renderShellEnvironment({
        home,
        adminUrl: 'http://127.0.0.1:8080',
        adminToken: 'secret',
        flowUrl: 'https://localhost:8443',
        serverRootCaFile: `${home}/tls/server-root.pem`,
        natsUrl: 'nats://127.0.0.1:4222',
      }),
    );
    return execFileSync('sh', ['-euc', `. "${file}"; ${command}`], { encoding: 'utf8' });
  }

  it('are one word each, whatever the name of the folder has in it', () => {
    for (const home of ['/a b', "/it's", '/$(exit 1)`exit 1`', '/"q"\\'])
      expect(readBy(home, String.raw`printf '%s\n' "$SLUICE_HOME" "$CA" "$WORK"`)).toBe(
        `${home}\n${home}/tls/server-root.pem\n${home}/work\n`,
      );
  });

  it('leave the token to the shell alone: programs that are called do not have it in their environment', () => {
    expect(readBy('/h', 'printf %s "$AUTH"')).toBe('Authorization: Bearer secret');
    const inherited = readBy('/h', 'env');
    expect(inherited).toContain('SLUICE_HOME=/h\n');
    expect(inherited).not.toContain('secret');
  });
});
