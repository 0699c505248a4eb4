import pg from 'pg';
import type { PostgresHost } from './database-url.js';
import { PostgresUnreachable } from './not-now.js';
import { PostgresServers, type WatchedSession } from './postgres-servers.js';

/** As the server names them; with `read-write` wanted, a session on a server that says `on` is of no use. */
const readOnlySettings: ReadonlySet<string> = new Set(['in_hot_standby', 'default_transaction_read_only']);
const readOnlyTransaction = '25006';

/**
 * A COMMIT waits for the standby as long as there is none, and statement_timeout does not end that wait. Whoever asked for the
 * change waits five seconds, and is told before that its outcome is not known.
 */
const maxCommitMs = 4_000;

/**
 * A connection to the right one of several servers: `pg.Client`, and what node-postgres lacks of libpq's
 * `target_session_attrs`. It ends by itself when its server turns out to be frozen, cut off, read-only or left behind, and
 * never takes a COMMIT for made that the standby has not got.
 */
export type PostgresClient = pg.Client;

/** The class of connections to the servers of a URL, as a pool takes it. @throws DatabaseUrlError */
export function clientFor(url: string): new (config?: pg.ClientConfig) => PostgresClient {
  const servers = PostgresServers.of(url);
  return class extends pg.Client {
    #server: PostgresHost = servers.current;
    #session: WatchedSession | undefined;
    #committing = false;
    /** What waits longer than `query_timeout` has been given up already: nobody reads the answer any more. */
    readonly #maxStatementMs: number;

    constructor(config: pg.ClientConfig = {}) {
      super({
        ...config,
        connectionString: servers.url.urlOf(servers.current),
        connectionTimeoutMillis: servers.url.connectTimeoutMs,
        // A host that is gone without a word, while nothing is asked of it.
        keepAlive: true,
        keepAliveInitialDelayMillis: 5_000,
      });
      this.#maxStatementMs = config.query_timeout ? config.query_timeout + 1_000 : Infinity;
      this.#watchMessages();
    }

    override connect(): Promise<pg.Client>;
    override connect(callback: ((err: Error) => void) | ((err: null, client: pg.Client) => void)): void;
    override connect(callback?: (err: never, client: pg.Client) => void): Promise<pg.Client> | void {
      const connecting = this.#connect();
      if (!callback) return connecting;
      const tell = callback as (err: Error | null, client?: pg.Client) => void;
      connecting.then(
        () => tell(null, this),
        (error: Error) => tell(error),
      );
    }

    async #connect(): Promise<pg.Client> {
      const server = await servers.choose();
      this.#server = server;
      // The name that TLS checks is the one it is connected by.
      this.host = server.host;
      this.port = server.port;
      try {
        await super.connect();
      } catch (error) {
        servers.doubt(server);
        this.connection.stream.destroy();
        if (error instanceof PostgresUnreachable || (error as { severity?: unknown }).severity !== undefined)
          throw error;
        throw new PostgresUnreachable(`${server.host}:${server.port}: ${(error as Error).message}`, { cause: error });
      }
      this.#watch();
      return this;
    }

    // As its base says it: what is asked is passed on whatever its form.
    override query = ((...asked: Parameters<pg.Client['query']>) => {
      this.#committing = (asked[0] as unknown) === 'COMMIT';
      return super.query(...asked);
    }) as pg.Client['query'];

    #watchMessages(): void {
      const { connection } = this;
      const fail = (why: string) => connection.emit('error', new PostgresUnreachable(why));
      // Servers tell these at the beginning of a session, and whenever they change (from version 14 on).
      connection.on('parameterStatus', ({ parameterName, parameterValue }: ParameterStatus) => {
        if (servers.url.target !== 'read-write' || parameterValue !== 'on' || !readOnlySettings.has(parameterName))
          return;
        servers.doubt(this.#server);
        fail('the server is read-only');
        connection.stream.destroy();
      });
      connection.on('errorMessage', ({ code }: { code?: string }) => {
        if (code !== readOnlyTransaction || servers.url.target !== 'read-write') return;
        servers.doubt(this.#server);
        // After the answer, which says why: the connection is not used again.
        setImmediate(() => this.#session?.drop(new PostgresUnreachable('the server is read-only')));
      });
      // The server has given up waiting for the standby, and would call the transaction committed: it may be lost with this server.
      connection.on('notice', ({ routine }: { routine?: string }) => {
        if (routine !== 'SyncRepWaitForLSN') return;
        fail('the standby did not take the change');
        connection.stream.destroy();
      });
    }

    #watch(): void {
      const { connection } = this;
      // The stream is another one once TLS is spoken.
      const octets = () => connection.stream as unknown as { bytesRead: number; bytesWritten: number };
      let answeredAt = octets().bytesWritten;
      let read = octets().bytesRead;
      let heardAt: number | undefined;
      const maxSilence = () => (this.#committing ? maxCommitMs : this.#maxStatementMs);
      const session: WatchedSession = {
        server: this.#server,
        get maxSilenceMs() {
          return maxSilence();
        },
        silentFor: (now) => {
          const { bytesRead, bytesWritten } = octets();
          if (bytesWritten === answeredAt) heardAt = undefined;
          else if (heardAt === undefined || bytesRead !== read) heardAt = now;
          read = bytesRead;
          return heardAt === undefined ? 0 : now - heardAt;
        },
        drop: (error) => connection.stream.destroy(error),
      };
      this.#session = session;
      // Before the driver's own listener, which sends what waits.
      connection.prependListener('readyForQuery', () => {
        answeredAt = octets().bytesWritten;
        heardAt = undefined;
      });
      // It did not end because we wanted it to.
      this.on('error', () => servers.doubt(session.server));
      connection.once('end', () => servers.delete(session));
      servers.add(session);
    }
  };
}

interface ParameterStatus {
  readonly parameterName: string;
  readonly parameterValue: string;
}

/** A connection of its own, not one of a pool. Nothing is connected yet. @throws DatabaseUrlError */
export function postgresClient(url: string, config: Omit<pg.ClientConfig, 'connectionString'> = {}): PostgresClient {
  return new (clientFor(url))(config);
}
