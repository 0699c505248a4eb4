import { describe, expect, it } from '@jest/globals';
import { TemporaryFolder } from '@sluice/testing';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { contextsOf, installationOf } from './installation.js';

const here = { url: 'http://127.0.0.1:1', token: 'one' };

function withFolder(test: (folder: string) => void): void {
  const folder = new TemporaryFolder('contexts');
  try {
    test(folder.path);
  } finally {
    folder.remove();
  }
}

describe('the installations that somebody logged in to', () => {
  it('are in a file of their owner, and leave nothing beside it', () =>
    withFolder((folder) => {
      const environment = { SLUICE_CONFIG: join(folder, 'sluice', 'contexts.json') };
      const contexts = contextsOf(environment);
      contexts.save('here', here);
      contexts.save('there', { url: 'http://127.0.0.1:2', token: 'two' });
      expect(installationOf(environment, undefined)).toMatchObject({ token: 'two' });
      expect(installationOf(environment, 'here')).toEqual(here);
      contexts.use('here');
      expect(installationOf(environment, undefined)).toEqual(here);
      contexts.remove('here');
      expect(() => contextsOf(environment).find('here')).toThrow('There is no context here');
      expect(readdirSync(join(folder, 'sluice'))).toEqual(['contexts.json']);
      expect(statSync(join(folder, 'sluice', 'contexts.json')).mode & 0o777).toBe(0o600);
      expect(statSync(join(folder, 'sluice')).mode & 0o777).toBe(0o700);
    }));

  it('say what to do about a file that is none of theirs', () =>
    withFolder((folder) => {
      const file = join(folder, 'contexts.json');
      writeFileSync(file, '{"contexts": []}');
      expect(() => contextsOf({ SLUICE_CONFIG: file }).all()).toThrow('log in again');
    }));

  it.each(['__proto__', 'constructor', 'toString'])('are never what every object has: %s', (name) =>
    withFolder((folder) => {
      const contexts = contextsOf({ SLUICE_CONFIG: join(folder, 'contexts.json') });
      expect(() => contexts.find(name)).toThrow('There is no context');
    }),
  );

  it('come after the local stack that a shell is about, and before the one that merely runs here', () =>
    withFolder((folder) => {
      const kept = { SLUICE_CONFIG: join(folder, 'contexts.json') };
      contextsOf(kept).save('production', here);
      writeFileSync(join(folder, 'stack.json'), JSON.stringify({ adminUrl: 'http://127.0.0.1:4', adminToken: 'four' }));
      expect(installationOf({ ...kept, SLUICE_HOME: folder }, undefined)).toEqual({
        url: 'http://127.0.0.1:4',
        token: 'four',
      });
      expect(installationOf({ ...kept, SLUICE_HOME: folder }, 'production')).toEqual(here);
      expect(installationOf(kept, undefined)).toEqual(here);
    }));

  it('come after what is named, and after the environment', () =>
    withFolder((folder) => {
      const kept = { SLUICE_CONFIG: join(folder, 'contexts.json') };
      contextsOf(kept).save('here', here);
      const environment = { ...kept, SLUICE_ADMIN_URL: 'http://127.0.0.1:3', SLUICE_ADMIN_TOKEN: 'three' };
      expect(installationOf(environment, undefined)).toMatchObject({ token: 'three' });
      expect(installationOf(environment, 'here')).toEqual(here);
      const { SLUICE_ADMIN_TOKEN: _token, ...half } = environment;
      expect(() => installationOf(half, undefined)).toThrow('SLUICE_ADMIN_TOKEN is missing');
    }));
});
