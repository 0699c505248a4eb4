import { describe, expect, it } from '@jest/globals';
import { DatabaseUrlError, hasPassword, parseDatabaseUrl, withCredentials } from './database-url.js';

describe('a URL of Postgres', () => {
  it('names one server, of which any session will do', () => {
    const url = parseDatabaseUrl('postgres://u:p@db.example/app?sslmode=verify-full');
    expect(url).toMatchObject({ hosts: [{ host: 'db.example', port: 5432 }], target: 'any', connectTimeoutMs: 2_000 });
    expect(url.hosts.map((host) => url.urlOf(host))).toEqual([
      'postgres://u:p@db.example:5432/app?sslmode=verify-full',
    ]);
  });

  it('names several, of which the one that can be written on is meant', () => {
    const url = parseDatabaseUrl(
      'postgresql://u:p%40w@h1:5433,[2001:db8::1]:5434,h3/app?connect_timeout=3&sslmode=require',
    );
    expect(url).toMatchObject({ target: 'read-write', connectTimeoutMs: 3_000 });
    expect(url.hosts.map((host) => url.urlOf(host))).toEqual([
      'postgresql://u:p%40w@h1:5433/app?sslmode=require',
      'postgresql://u:p%40w@[2001:db8::1]:5434/app?sslmode=require',
      'postgresql://u:p%40w@h3:5432/app?sslmode=require',
    ]);
  });

  it.each([
    ['any', 'postgres://h1,h2/app?target_session_attrs=any'],
    ['read-write', 'postgres://h1/app?target_session_attrs=read-write'],
  ])('says itself that %s is meant', (target, url) => {
    expect(parseDatabaseUrl(url).target).toBe(target);
  });

  it.each([
    ['mysql://h/app'],
    ['postgres://u:secret@h1,/app'],
    ['postgres://u:secret@h1:0/app'],
    ['postgres://u:secret@h1:70000/app'],
    ['postgres://u:secret@h1:5432:1/app'],
    ['postgres://u:secret@h1,h2/app?target_session_attrs=standby'],
    ['postgres://u:secret@/app?host=h1,h2'],
    ['postgres://u:secret@h1/app?port=1,2'],
    ['postgres://u:secret@h1/app?connect_timeout=soon'],
  ])('%s is refused without its password in the message', (url) => {
    expect(() => parseDatabaseUrl(url)).toThrow(DatabaseUrlError);
    expect(() => parseDatabaseUrl(url)).not.toThrow('secret');
  });

  it('takes another user and password, whatever is in them', () => {
    const url = 'postgres://admin:old@h1,h2/app?sslmode=require';
    const other = withCredentials(url, { user: 'role', password: 'p@:/?%w' });
    const { hosts, urlOf } = parseDatabaseUrl(other);
    const [first, second] = hosts.map((host) => new URL(urlOf(host)));
    expect([first?.hostname, second?.hostname]).toEqual(['h1', 'h2']);
    expect(first).toMatchObject({ username: 'role', pathname: '/app' });
    expect(decodeURIComponent(first?.password ?? '')).toBe('p@:/?%w');
    expect(withCredentials('postgres://role@h1,h2/app', { password: 'x' })).toBe('postgres://role:x@h1,h2/app');
  });

  it('has a password or none', () => {
    expect(hasPassword('postgres://u:p@h1,h2/app')).toBe(true);
    for (const url of ['postgres://u@h1,h2/app', 'postgres://h1,h2/app', 'postgres://u:@h1:1,h2:2/app'])
      expect(hasPassword(url)).toBe(false);
  });
});
