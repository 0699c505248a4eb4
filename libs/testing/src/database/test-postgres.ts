import { freePort, makeStandby, signalFamily, startPostgres, type ChildServer } from '@sluice/embedded-servers';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import pg from 'pg';
import { endWithThisProcess, type Watch } from '../process/end-with-this-process.js';
import { TemporaryFolder } from '../process/temporary-folder.js';

const attempts = 3;

export interface TestPostgresOptions {
  /** Settings of the server beside its own. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A real Postgres of one test file, without what protects data from a power cut; each test may have a database of its own. */
export class TestPostgres implements AsyncDisposable {
  readonly output: string[] = [];
  #password = randomBytes(16).toString('hex');
  #server: ChildServer | undefined;
  #watch: Watch | undefined;
  #port = 0;
  #databases = 0;

  private constructor(
    private readonly folder: TemporaryFolder,
    private readonly options: TestPostgresOptions,
  ) {}

  static async start(options: TestPostgresOptions = {}): Promise<TestPostgres> {
    const postgres = new TestPostgres(new TemporaryFolder('postgres'), options);
    try {
      await postgres.start();
    } catch (error) {
      postgres.folder.remove();
      throw error;
    }
    return postgres;
  }

  /** A hot standby of this server. @param name by which this one knows it, in `synchronous_standby_names` for example */
  async startStandby(name: string): Promise<TestPostgres> {
    const standby = new TestPostgres(new TemporaryFolder('postgres'), this.options);
    standby.#password = this.#password;
    try {
      await makeStandby({
        primaryDirectory: join(this.folder.path, 'data'),
        primaryPort: this.#port,
        password: this.#password,
        dataDirectory: join(standby.folder.path, 'data'),
        name,
      });
      await standby.start();
    } catch (error) {
      standby.folder.remove();
      throw error;
    }
    return standby;
  }

  /** Asks one thing as the superuser. */
  async query<Row extends pg.QueryResultRow>(statement: string, values: readonly unknown[] = []): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.url });
    await client.connect();
    try {
      return (await client.query<Row>(statement, [...values])).rows;
    } finally {
      await client.end();
    }
  }

  get port(): number {
    return this.#port;
  }

  /** Of the superuser, on the database `postgres`. */
  get url(): string {
    return this.urlOf('postgres');
  }

  urlOf(database: string): string {
    return `postgres://postgres:${this.#password}@127.0.0.1:${this.#port}/${database}`;
  }

  /** A new, empty database. @returns the superuser's URL of it */
  async createDatabase(name = `test_${++this.#databases}`): Promise<string> {
    const client = new pg.Client({ connectionString: this.url });
    await client.connect();
    try {
      await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
    } finally {
      await client.end();
    }
    return this.urlOf(name);
  }

  /** Starts it again on its port, with its data. */
  async start(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const first = this.#port === 0;
      const port = first ? await freePort() : this.#port;
      try {
        this.#server = await startPostgres({
          dataDirectory: join(this.folder.path, 'data'),
          port,
          password: this.#password,
          volatile: true,
          ...(this.options.settings ? { settings: this.options.settings } : {}),
          onLine: (line) => this.output.push(line),
        });
        this.#port = port;
        break;
      } catch (error) {
        // The port was free a moment ago and somebody took it.
        if (!first || attempt === attempts || !this.output.some((line) => line.includes('in use'))) throw error;
      }
    }
    this.#watch = endWithThisProcess(this.#server.pid, this.folder.path);
  }

  /** Stops and continues the server and all it has started, as a machine that is frozen, or a partition: nothing is answered. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    if (this.#server) signalFamily(this.#server.pid, name);
  }

  /** Ends the server and keeps its data, for a test of what happens without it. `SIGINT`: its orderly, fast end. */
  async halt(signal: NodeJS.Signals = 'SIGINT'): Promise<void> {
    this.#watch?.dismiss();
    await this.#server?.stop(signal);
    this.#server = undefined;
  }

  /** Ends it and removes its data. */
  async stop(): Promise<void> {
    await this.halt('SIGQUIT');
    this.folder.remove();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
