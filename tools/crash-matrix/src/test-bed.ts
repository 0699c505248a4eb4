import {
  compareState,
  createServiceInstance,
  findMissingRoles,
  updateServiceInstance,
  type CloudEvent,
} from '@sluice/contracts';
import {
  freePort,
  reachableDataDirectory,
  startNatsServer,
  startPostgres,
  type ChildServer,
} from '@sluice/embedded-servers';
import { connectBus, RequestClient } from '@sluice/messaging';
import { databaseUrlFor, prepareDatabase, provision, type Provisioned } from '@sluice/provision';
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { until } from './wait-until.js';
import { ServiceProcess } from './service-process.js';

const root = join(import.meta.dirname, '..', '..', '..');
const program = join(root, 'apps', 'key-management', 'dist', 'main.js');
const actor = { name: 'crash-matrix' };

export interface StreamedEvent {
  readonly id: string;
  readonly name: string;
  readonly subject: string;
  readonly instanceName: string;
}

/** Real servers and real processes of key-management, without the rest of the stack. */
export class TestBed {
  readonly processes: ServiceProcess[] = [];
  #nats: ChildServer | undefined;
  #postgres: ChildServer | undefined;
  #connections: NatsConnection[] = [];
  #requests: RequestClient | undefined;

  private constructor(
    private readonly home: string,
    private readonly provisioned: Provisioned,
    private readonly natsUrl: string,
    private readonly postgresPort: number,
    private readonly password: string,
  ) {}

  static async start(processes: number): Promise<TestBed> {
    const home = mkdtempSync(join(tmpdir(), 'sluice-crash-'));
    chmodSync(home, 0o711);
    const [natsPort, postgresPort] = [await freePort(), await freePort()];
    const provisioned = await provision({
      home,
      names: { dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] },
      natsListen: `127.0.0.1:${natsPort}`,
      localSubscriber: true,
      now: Date.now(),
    });
    const password = readFileSync(provisioned.databasePasswordFile('postgres'), 'utf8').trim();
    const bed = new TestBed(home, provisioned, `nats://127.0.0.1:${natsPort}`, postgresPort, password);
    await Promise.all([bed.#startNats(), bed.#startPostgres()]);
    await prepareDatabase(bed.#databaseUrl, (role) =>
      readFileSync(provisioned.databasePasswordFile(role), 'utf8').trim(),
    );
    await bed.#connect();
    for (let number = 1; number <= processes; number++) bed.addProcess();
    return bed;
  }

  addProcess(): ServiceProcess {
    const number = this.processes.length + 1;
    const password = readFileSync(this.provisioned.databasePasswordFile('key_management'), 'utf8').trim();
    const added = new ServiceProcess(
      program,
      {
        NATS_URL: this.natsUrl,
        NATS_SEED_FILE: this.provisioned.seedFile('key-management'),
        NATS_CA_FILE: this.provisioned.natsCaFile,
        DATABASE_URL: databaseUrlFor(this.#databaseUrl, 'key_management', password),
        MASTER_KEY_FILE: this.provisioned.masterKeyFile,
        RECORD_SIGNING_KEY_FILE: this.provisioned.recordSigningKeyFile,
        RECORD_KEYS_FILE: this.provisioned.recordKeysFile,
        FLOW_URL: 'https://localhost:8443',
      },
      join(this.home, `fault-${number}`),
      join(this.home, `key-management-${number}.log`),
    );
    this.processes.push(added);
    added.start();
    return added;
  }

  get #databaseUrl(): string {
    return `postgres://postgres:${this.password}@127.0.0.1:${this.postgresPort}/postgres`;
  }

  async createInstance(name: string): Promise<string> {
    const { serviceInstance } = await this.#client.call(createServiceInstance, { actor, name, parameters: {} });
    return serviceInstance.id;
  }

  /** @throws when it was refused or nobody answered; it may have been committed all the same */
  async rename(id: string, name: string): Promise<'published' | 'pending'> {
    const { propagation } = await this.#client.call(updateServiceInstance, { actor, id, name, parameters: {} }, 3_000);
    return propagation;
  }

  async comparison() {
    return this.#client.call(compareState['key-management'], {});
  }

  /** The names an instance was committed with, in their order, as the audit trail has them; and what waits in the outbox. */
  async committed(id: string): Promise<{ names: string[]; waiting: number }> {
    const client = new pg.Client({ connectionString: this.#databaseUrl });
    await client.connect();
    try {
      const { rows } = await client.query<{ name: string }>(
        `SELECT change -> 'after' ->> 'name' AS name
         FROM key_management.audit_entry, jsonb_array_elements(content::jsonb -> 'changes') AS change
         WHERE change ->> 'table' = 'service_instance' AND change -> 'after' ->> 'id' = $1 ORDER BY sequence`,
        [id],
      );
      const waiting = await client.query<{ n: number }>('SELECT count(*)::int AS n FROM key_management.outbox');
      return { names: rows.map(({ name }) => name), waiting: waiting.rows[0]?.n ?? 0 };
    } finally {
      await client.end();
    }
  }

  /** Everything in the event stream about service instances, as a durable consumer gets it that begins now. */
  async streamed(): Promise<StreamedEvent[]> {
    const { localSubscriber, natsCaFile } = this.provisioned;
    const connection = await connect({
      servers: this.natsUrl,
      user: localSubscriber?.user,
      pass: localSubscriber?.password,
      tls: { ca: readFileSync(natsCaFile, 'utf8') },
    });
    try {
      const manager = await jetstreamManager(connection);
      const info = await manager.consumers.add('SLUICE_EVENTS', {
        durable_name: `check-${Date.now()}`,
        ack_policy: AckPolicy.Explicit,
        deliver_policy: DeliverPolicy.All,
        filter_subject: 'sluice.events.service-instance.*',
      });
      const consumer = await jetstream(connection).consumers.get('SLUICE_EVENTS', info.name);
      const found: StreamedEvent[] = [];
      for (let left = info.num_pending; left > 0;) {
        for await (const message of await consumer.fetch({ max_messages: Math.min(left, 500), expires: 5_000 })) {
          const event = message.json<CloudEvent>();
          const { name } = event.data['serviceInstance'] as { name: string };
          found.push({ id: event.id, name: event.type, subject: event.subject, instanceName: name });
          message.ack();
          left--;
        }
      }
      return found;
    } finally {
      await connection.close();
    }
  }

  async crashNats(): Promise<void> {
    await this.#nats?.stop('SIGKILL');
    await this.#startNats();
  }

  async crashPostgres(): Promise<void> {
    await this.#postgres?.stop('SIGKILL');
    // What the killed server left running holds its memory for a moment.
    await until('Postgres after its crash', async () => {
      await this.#startPostgres();
      return true;
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.processes.map((process) => process.end()));
    await Promise.all(this.#connections.map((connection) => connection.close()));
    await this.#nats?.stop('SIGTERM');
    await this.#postgres?.stop('SIGQUIT');
    rmSync(this.home, { recursive: true, force: true, maxRetries: 5 });
  }

  get #client(): RequestClient {
    if (!this.#requests) throw new Error('There is no connection to the bus yet.');
    return this.#requests;
  }

  async #startNats(): Promise<void> {
    this.#nats = await startNatsServer({ configurationFile: this.provisioned.natsConfigurationFile });
  }

  async #startPostgres(): Promise<void> {
    const dataDirectory = reachableDataDirectory(join(this.home, 'postgres'));
    mkdirSync(this.home, { recursive: true });
    this.#postgres = await startPostgres({ dataDirectory, port: this.postgresPort, password: this.password });
  }

  /** As the admin API, and as authorization, which is asked for roles when an instance is made. */
  async #connect(): Promise<void> {
    const as = (service: 'admin-api' | 'authorization') =>
      connectBus({
        service,
        url: this.natsUrl,
        seedFile: this.provisioned.seedFile(service),
        caFile: this.provisioned.natsCaFile,
        name: 'crash-matrix',
      });
    const [administrator, authorization] = [await as('admin-api'), await as('authorization')];
    this.#connections = [administrator, authorization];
    authorization.subscribe(findMissingRoles.subject, {
      callback: (_error, message) => void message.respond(JSON.stringify({ result: { missing: [] } })),
    });
    this.#requests = new RequestClient(administrator);
  }
}
