/** One server, as its clients reach it. */
export interface PostgresHost {
  readonly host: string;
  readonly port: number;
}

/** Which servers may be used: any that takes sessions, or only one on which can be written. */
export type TargetSession = 'any' | 'read-write';

/** What a URL of Postgres says, in libpq's form with one host or several. */
export interface DatabaseUrl {
  readonly hosts: readonly PostgresHost[];
  readonly target: TargetSession;
  /** For one server, in milliseconds: `connect_timeout` of the URL. */
  readonly connectTimeoutMs: number;
  /** The URL with this host alone, as drivers read it. */
  urlOf(host: PostgresHost): string;
}

/** A URL that is not to be understood. The message is one sentence without anything of the URL: it has a password. */
export class DatabaseUrlError extends Error {
  override readonly name = 'DatabaseUrlError';
}

const defaultPort = 5432;
const defaultConnectTimeoutMs = 2_000;
const form = /^(postgres(?:ql)?:\/\/)(?:([^@/?#]*)@)?([^@/?#]*)(\/[^?#]*)?(?:\?([^#]*))?$/;
const oneHost = /^(\[[0-9a-f:.]+\]|[^\s:[\]]+)(?::(\d{1,5}))?$/i;

/**
 * Reads `postgres://user:password@host1:5432,host2:5432/database?target_session_attrs=read-write`, the form of libpq
 * (PostgreSQL documentation, "Connection URIs"); WHATWG URLs have one host. `target_session_attrs` is `any` for one host and
 * `read-write` for several when it is absent.
 * @throws DatabaseUrlError
 */
export function parseDatabaseUrl(url: string): DatabaseUrl {
  const parts = form.exec(url);
  if (!parts) throw new DatabaseUrlError('must be a postgres:// URL');
  const [, scheme = '', credentials, authority = '', path = '', query = ''] = parts;
  const parameters = new URLSearchParams(query);
  if (parameters.has('host') || parameters.has('port') || parameters.has('hostaddr'))
    throw new DatabaseUrlError('must name its hosts and ports before the path, separated by commas');
  const hosts = authority.split(',').map(parseHost);
  const target = parameters.get('target_session_attrs') ?? (hosts.length > 1 ? 'read-write' : 'any');
  if (target !== 'any' && target !== 'read-write')
    throw new DatabaseUrlError('must have any or read-write as target_session_attrs: the services write');
  const seconds = parameters.get('connect_timeout');
  if (seconds !== null && !/^[1-9]\d{0,2}$/.test(seconds))
    throw new DatabaseUrlError('must have whole seconds from 1 to 999 as connect_timeout');
  parameters.delete('target_session_attrs');
  parameters.delete('connect_timeout');
  const rest = `${path}${parameters.size > 0 ? `?${parameters.toString()}` : ''}`;
  const user = credentials === undefined ? '' : `${credentials}@`;
  const urlOf = ({ host, port }: PostgresHost) =>
    `${scheme}${user}${host.includes(':') ? `[${host}]` : host}:${port}${rest}`;
  for (const host of hosts) if (!URL.canParse(urlOf(host))) throw new DatabaseUrlError('must be a postgres:// URL');
  return { hosts, target, connectTimeoutMs: seconds ? Number(seconds) * 1_000 : defaultConnectTimeoutMs, urlOf };
}

function parseHost(text: string): PostgresHost {
  const parts = oneHost.exec(text);
  const port = Number(parts?.[2] ?? defaultPort);
  if (!parts?.[1] || port < 1 || port > 65_535)
    throw new DatabaseUrlError('must have host:port, or several separated by commas');
  return { host: parts[1].replace(/^\[(.*)\]$/, '$1'), port };
}

/** Whether it has a password. @throws DatabaseUrlError */
export function hasPassword(url: string): boolean {
  parseDatabaseUrl(url);
  return /:./.test(form.exec(url)?.[2] ?? '');
}

/** The same servers and database as another user, or with the password of the same one. @throws DatabaseUrlError */
export function withCredentials(
  url: string,
  credentials: { readonly user?: string; readonly password: string },
): string {
  parseDatabaseUrl(url);
  const [, scheme = '', before = '', authority = '', path = '', query] = form.exec(url) ?? [];
  const user = credentials.user === undefined ? (before.split(':')[0] ?? '') : encodeURIComponent(credentials.user);
  const password = credentials.password === '' ? '' : `:${encodeURIComponent(credentials.password)}`;
  return `${scheme}${user}${password}@${authority}${path}${query === undefined ? '' : `?${query}`}`;
}
