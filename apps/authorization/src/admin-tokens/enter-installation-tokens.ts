import { isRight, type Right } from '@sluice/domain';
import { lockRow } from '@sluice/persistence';
import { readFileSync } from 'node:fs';
import { Like, type DataSource } from 'typeorm';
import { AdminTokenRow, storedHash } from './admin-token.entity.js';
import { installationPrefix } from './admin-token.view.js';

interface PartToken {
  readonly name: string;
  readonly roles: Right[];
  readonly sha256: string;
}

/**
 * Brings the tokens of the installation's own parts in line with their file. They do not expire: a part that runs for years has no
 * administrator beside it. What is not in the file is no token any more.
 * @throws Error that names the file, for a line that is none
 */
export async function enterInstallationTokens(dataSource: DataSource, file: string, now: number): Promise<void> {
  const tokens = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => readLine(line, file));
  const names = tokens.map(({ name }) => name);
  await dataSource.transaction(async (manager) => {
    await lockRow(manager, 'installation-tokens');
    const there = await manager.findBy(AdminTokenRow, { name: Like(`${installationPrefix}%`) });
    const gone = there.filter(({ name }) => !names.includes(name));
    if (gone.length > 0) await manager.remove(AdminTokenRow, gone);
    for (const { name, roles, sha256 } of tokens) {
      const before = there.find((each) => each.name === name);
      const row = { name, roles, expiresAt: null, sha256: storedHash(sha256, { roles, expiresAt: null }) };
      if (before && before.sha256 === row.sha256 && before.roles.join() === roles.join()) continue;
      await manager.save(AdminTokenRow, {
        ...row,
        lastUsedAt: null,
        expiryAnnouncedAt: null,
        createdBy: 'installation',
        makers: null,
        createdAt: new Date(now),
      });
    }
  });
}

function readLine(line: string, file: string): PartToken {
  const [, name = '', roles = '', sha256 = ''] = /^([a-z0-9-]{1,60}) ([\w.,]+) ([0-9a-f]{64})$/.exec(line) ?? [];
  const rights = roles.split(',');
  if (name === '' || !rights.every(isRight))
    throw new Error(
      `${file} must hold lines of a name, rights with a comma between two, and a SHA-256 in hexadecimal.`,
    );
  return { name: `${installationPrefix}${name}`, roles: rights, sha256 };
}
