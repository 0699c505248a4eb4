import pg from 'pg';
import { parseDatabaseUrl, type DatabaseUrl, type PostgresHost } from './database-url.js';
import { PostgresUnreachable } from './not-now.js';

/** A session on one of the servers, as they are told about it. */
export interface WatchedSession {
  readonly server: PostgresHost;
  /** It waits for an answer, and the server has sent nothing for so many milliseconds; 0 while nothing is asked. */
  silentFor(now: number): number;
  /** So long it may be silent, though the server lives, in milliseconds. */
  readonly maxSilenceMs: number;
  /** Ends the connection at once; what it was asked fails with the error. */
  drop(error: Error): void;
}

/** What a server says of itself. */
interface Answer {
  readonly server: PostgresHost;
  readonly readOnly: boolean;
  /** Grows with each promotion; 0 of a standby. */
  readonly timeline: number;
}

/** So long an answer may take before somebody asks the server whether it is there. */
const silentMs = 1_500;
const lookEveryMs = 250;
/** After the first server that can be written on has answered, another may say that it was promoted later. */
const graceMs = 300;

const whatAreYou = `
  SELECT current_setting('transaction_read_only') = 'on' AS read_only,
    CASE WHEN pg_is_in_recovery() THEN 0
      ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END AS timeline`;

/**
 * The servers of one URL, and what this process knows of them. A session is opened on the one that was good last; when that is in
 * doubt, all are asked, and of those that can be written on the one that was promoted last is taken. A server of an
 * earlier promotion than one that was seen is never used again: it is a primary that was left behind.
 */
export class PostgresServers {
  readonly url: DatabaseUrl;
  readonly #sessions = new Set<WatchedSession>();
  #current: PostgresHost;
  #certain: boolean;
  #timeline = 0;
  #finding: Promise<PostgresHost> | undefined;
  /** When each server was asked whether it is there, and was. */
  readonly #seen = new Map<PostgresHost, number>();
  readonly #suspected = new Set<PostgresHost>();
  #watching: NodeJS.Timeout | undefined;

  private constructor(url: string) {
    this.url = parseDatabaseUrl(url);
    this.#current = this.url.hosts[0] as PostgresHost;
    this.#certain = !this.#selects;
  }

  static readonly #known = new Map<string, PostgresServers>();

  /** One for each URL in a process, so that all connections know what one has found out. @throws DatabaseUrlError */
  static of(url: string): PostgresServers {
    const known = PostgresServers.#known.get(url) ?? new PostgresServers(url);
    PostgresServers.#known.set(url, known);
    return known;
  }

  /** The server of the last session that was good. */
  get current(): PostgresHost {
    return this.#current;
  }

  /** Whether what a session may be on has to be looked at. */
  get #selects(): boolean {
    return this.url.hosts.length > 1 || this.url.target === 'read-write';
  }

  /** @returns the server to open a session on @throws PostgresUnreachable with what each server said */
  choose(): Promise<PostgresHost> {
    if (this.#certain) return Promise.resolve(this.#current);
    return (this.#finding ??= this.#find().finally(() => (this.#finding = undefined)));
  }

  /** The server may not be the right one any more: the next session asks all of them. */
  doubt(server: PostgresHost): void {
    if (server === this.#current && this.#selects) this.#certain = false;
  }

  add(session: WatchedSession): void {
    this.#sessions.add(session);
    this.#watching ??= setInterval(() => this.#look(performance.now()), lookEveryMs).unref();
  }

  delete(session: WatchedSession): void {
    this.#sessions.delete(session);
    if (this.#sessions.size > 0) return;
    clearInterval(this.#watching);
    this.#watching = undefined;
  }

  async #find(): Promise<PostgresHost> {
    const { hosts, target } = this.url;
    const answers: Answer[] = [];
    const refusals: string[] = [];
    const asked = hosts.map(async (server) => {
      try {
        const answer = await this.#ask(server);
        if (target === 'read-write' && answer.readOnly) refusals.push(`${nameOf(server)} is read-only`);
        else if (answer.timeline !== 0 && answer.timeline < this.#timeline)
          refusals.push(`${nameOf(server)} was left behind by a later promotion`);
        else answers.push(answer);
      } catch (error) {
        refusals.push(`${nameOf(server)}: ${error instanceof Error ? error.message : String(error)}`);
      }
    });
    await Promise.race([Promise.all(asked), this.#soonAfterFirst(asked, answers)]);
    const [best] = answers.sort(
      (a, b) => b.timeline - a.timeline || Number(b.server === this.#current) - Number(a.server === this.#current),
    );
    if (!best) throw new PostgresUnreachable(`No server of Postgres can be used now: ${refusals.join('; ')}`);
    this.#timeline = Math.max(this.#timeline, best.timeline);
    const former = this.#current;
    this.#current = best.server;
    this.#certain = true;
    if (former !== best.server) this.#drop(former, `${nameOf(best.server)} has taken over`);
    return best.server;
  }

  async #soonAfterFirst(asked: readonly Promise<void>[], answers: readonly Answer[]): Promise<void> {
    await Promise.any(
      asked.map((each) => each.then(() => (answers.length > 0 ? undefined : Promise.reject(new Error())))),
    )
      .then(() => new Promise((resolve) => setTimeout(resolve, graceMs)))
      // None can be used: whoever waits for all of them knows.
      .catch(() => Promise.all(asked));
  }

  /** Opens a session of its own for one question. */
  async #ask(server: PostgresHost): Promise<Answer> {
    const client = new pg.Client({
      connectionString: this.url.urlOf(server),
      connectionTimeoutMillis: this.url.connectTimeoutMs,
      application_name: 'sluice-server-check',
    });
    // Its failures come by the promises below.
    client.on('error', () => undefined);
    const timer = setTimeout(
      () => client.connection.stream.destroy(new Error('it does not answer')),
      this.url.connectTimeoutMs,
    );
    try {
      await client.connect();
      const { rows } = await client.query<{ read_only: boolean; timeline: number }>(whatAreYou);
      return { server, readOnly: rows[0]?.read_only ?? true, timeline: rows[0]?.timeline ?? 0 };
    } finally {
      clearTimeout(timer);
      void client.end().catch(() => undefined);
    }
  }

  /** A server that is frozen or cut off keeps its connections and answers nothing; the kernel of a frozen one even acknowledges. */
  #look(now: number): void {
    for (const session of this.#sessions) {
      const silent = session.silentFor(now);
      if (silent > session.maxSilenceMs)
        session.drop(new PostgresUnreachable(`${nameOf(session.server)} did not answer a statement`));
      else if (silent > silentMs && now - (this.#seen.get(session.server) ?? -Infinity) > silentMs)
        void this.#suspect(session.server);
    }
  }

  async #suspect(server: PostgresHost): Promise<void> {
    if (this.#suspected.has(server)) return;
    this.#suspected.add(server);
    try {
      const { readOnly } = await this.#ask(server);
      if (readOnly && this.url.target === 'read-write') throw new Error('it is read-only');
      // It lives, and the statement takes its time.
      this.#seen.set(server, performance.now());
    } catch (error) {
      this.doubt(server);
      this.#drop(server, error instanceof Error ? error.message : String(error));
    } finally {
      this.#suspected.delete(server);
    }
  }

  #drop(server: PostgresHost, why: string): void {
    for (const session of [...this.#sessions])
      if (session.server === server) session.drop(new PostgresUnreachable(`${nameOf(server)}: ${why}`));
  }
}

function nameOf({ host, port }: PostgresHost): string {
  return `${host}:${port}`;
}
