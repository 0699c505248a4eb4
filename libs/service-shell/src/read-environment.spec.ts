import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { databaseEnvironment, readEnvironment } from './read-environment.js';

describe('a setting that is empty', () => {
  const schema = z.object({ A: z.coerce.number().int().min(0).default(7), B: z.string() });

  it('is not set: it has its default, or is missing', () => {
    expect(readEnvironment('a-service', schema, { A: '', B: 'b' })).toEqual({ A: 7, B: 'b' });
    expect(() => readEnvironment('a-service', schema, { A: '1', B: '' })).toThrow(
      'a-service cannot start: B is not set.',
    );
  });
});

describe('a setting that names a file', () => {
  const schema = z.object({
    ONE_FILE: z.string(),
    MORE_FILE: z.string().transform((names) => names.split(',')),
    FAULT_FILE: z.string().optional(),
  });
  const here = import.meta.filename;

  it('is taken when every file can be read', () => {
    const given = { ONE_FILE: here, MORE_FILE: `${here},${here}`, FAULT_FILE: '/made/later' };
    expect(readEnvironment('a-service', schema, given).ONE_FILE).toBe(here);
  });

  it('is named with the file that cannot be read', () => {
    expect(() =>
      readEnvironment('a-service', schema, { ONE_FILE: '/no/such', MORE_FILE: `${here},/nor/this` }),
    ).toThrow(
      'a-service cannot start: ONE_FILE is wrong: /no/such cannot be read (ENOENT); MORE_FILE is wrong: /nor/this cannot be read (ENOENT).',
    );
  });
});

describe('the URL of the database', () => {
  let folder: string;
  let file: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-environment-'));
    file = join(folder, 'password');
    writeFileSync(file, 'p@ss:w%rd/\n');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const read = (environment: Record<string, string>) => readEnvironment('a-service', databaseEnvironment, environment);

  it('is taken as it is when no file is named', () => {
    const url = 'postgres://role:secret@host:5432/name';
    expect(read({ DATABASE_URL: url }).DATABASE_URL).toBe(url);
  });

  it('gets the password of the file', () => {
    const { DATABASE_URL } = read({ DATABASE_URL: 'postgres://role@host:5432/name?a=b', DATABASE_PASSWORD_FILE: file });
    expect(decodeURIComponent(new URL(DATABASE_URL).password)).toBe('p@ss:w%rd/');
    expect(new URL(DATABASE_URL)).toMatchObject({
      username: 'role',
      host: 'host:5432',
      pathname: '/name',
      search: '?a=b',
    });
  });

  it('gets it with several servers too', () => {
    const several = read({
      DATABASE_URL: 'postgres://role@h1:5432,h2:5432/name?target_session_attrs=read-write',
      DATABASE_PASSWORD_FILE: file,
    });
    expect(several.DATABASE_URL).toBe(
      'postgres://role:p%40ss%3Aw%25rd%2F@h1:5432,h2:5432/name?target_session_attrs=read-write',
    );
  });

  it('has one password only', () => {
    const both = { DATABASE_URL: 'postgres://role:secret@host/name', DATABASE_PASSWORD_FILE: file };
    expect(() => read(both)).toThrow(/^a-service cannot start: .* set one of the two\.$/);
    expect(() => read(both)).not.toThrow(/secret/);
  });

  it('is nothing without its file', () => {
    const absent = { DATABASE_URL: 'postgres://role@host/name', DATABASE_PASSWORD_FILE: join(folder, 'absent') };
    expect(() => read(absent)).toThrow('a-service cannot start: DATABASE_PASSWORD_FILE cannot be read (ENOENT).');
  });
});
