import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { TestPostgres, until } from '@sluice/testing';
import { Entity, PrimaryColumn, type DataSource, type MigrationInterface, type QueryRunner } from 'typeorm';
import { createDataSource, initializeDataSource } from './data-source.js';
import { type OutboxRow } from './outbox.js';
import { OutboxRelay } from './outbox-relay.js';
import { Transactions, violatedUniqueConstraint } from './transactions.js';
import { createAcknowledgedTable, createOutboxTable } from './testing/shared-tables.js';

@Entity({ name: 'thing' })
class ThingRow {
  @PrimaryColumn({ type: 'text' })
  name!: string;
}

class CreateTables1764000000000 implements MigrationInterface {
  readonly name = 'CreateTables1764000000000';
  async up(runner: QueryRunner): Promise<void> {
    await createOutboxTable(runner);
    await createAcknowledgedTable(runner);
    await runner.query('CREATE TABLE thing (name text CONSTRAINT thing_name PRIMARY KEY)');
  }
  async down(): Promise<void> {}
}

const schema = 'stock';
let postgres: TestPostgres;
let databaseUrl: string;
let dataSource: DataSource;
let transactions: Transactions;
const relays: OutboxRelay[] = [];
const faults: unknown[] = [];

beforeAll(async () => {
  postgres = await TestPostgres.start();
}, 60_000);
afterAll(() => postgres.stop());

beforeEach(async () => {
  databaseUrl = await postgres.createDatabase();
  dataSource = createDataSource({
    databaseUrl,
    schema: 'public',
    entities: [ThingRow],
    migrations: [],
    applicationName: 'test',
  });
  await dataSource.initialize();
  await dataSource.query(`CREATE SCHEMA ${schema}`);
  await dataSource.destroy();
  dataSource = createDataSource({
    databaseUrl,
    schema,
    entities: [ThingRow],
    migrations: [CreateTables1764000000000],
    applicationName: 'test',
  });
  await initializeDataSource(dataSource, (error) => faults.push(error));
  transactions = new Transactions(dataSource, schema);
  faults.length = 0;
});

afterEach(async () => {
  await Promise.all(relays.splice(0).map((relay) => relay.stop()));
  await dataSource.destroy();
});

function relay(publish: (row: OutboxRow) => Promise<void>): OutboxRelay {
  const started = new OutboxRelay({
    databaseUrl,
    schema,
    publish: async (row) => {
      await publish(row);
      return { epoch: row.kind === 'state' ? 'e' : undefined, sequence: Number(row.id) * 10 };
    },
    onTakeOver: () => undefined,
    onFault: (error) => faults.push(error),
  });
  relays.push(started);
  started.start();
  return started;
}

const change = (name: string) =>
  transactions.run(async (scope) => {
    await scope.manager.insert(ThingRow, { name });
    scope.event('thing.made', { name });
    scope.state({ key: `thing.${name}`, version: 1, name });
  });

describe('a change', () => {
  it('leaves neither its rows nor anything to publish when it fails', async () => {
    await expect(
      transactions.run(async (scope) => {
        await scope.manager.insert(ThingRow, { name: 'a' });
        scope.event('thing.made', { name: 'a' });
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(await dataSource.manager.count(ThingRow)).toBe(0);
    expect(await dataSource.query('SELECT count(*)::int AS n FROM outbox')).toEqual([{ n: 0 }]);
  });

  it('tells which constraint refused it', async () => {
    await change('a');
    const error = await change('a').catch((failure: unknown) => failure);
    expect(violatedUniqueConstraint(error)).toBe('thing_name');
  });
});

describe('the relay of the outbox', () => {
  it('publishes what was committed, records before what tells of them, and tells the one who waits', async () => {
    const published: string[] = [];
    const running = relay((row) => Promise.resolve(void published.push(`${row.kind} ${row.name}`)));
    const { outboxIds } = await change('a');
    expect(await running.published(outboxIds, 5_000)).toBe(true);
    expect(published).toEqual(['state thing.a', 'event thing.made']);
    expect(await dataSource.query('SELECT count(*)::int AS n FROM outbox')).toEqual([{ n: 0 }]);
  });

  it('tells a process that is not the one that publishes', async () => {
    const first = relay(() => Promise.resolve());
    await until(() => first.leading, { what: 'the first relay to lead' });
    const second = relay(() => Promise.reject(new Error('this one must not publish')));
    const { outboxIds } = await change('a');
    expect(await second.published(outboxIds, 5_000)).toBe(true);
    expect(second.leading).toBe(false);
  });

  it('says false while the bus does not take it, keeps the row, and publishes it later', async () => {
    let away = true;
    const published: string[] = [];
    const running = relay((row) =>
      away ? Promise.reject(new Error('away')) : Promise.resolve(void published.push(row.name)),
    );
    const { outboxIds } = await change('a');
    expect(await running.published(outboxIds, 200)).toBe(false);
    expect(published).toEqual([]);
    away = false;
    expect(await running.published(outboxIds, 10_000)).toBe(true);
    expect(published).toEqual(['thing.a', 'thing.made']);
  });

  it('gives places in the order of commits, so that a transaction which began first but committed last comes last', async () => {
    const published: string[] = [];
    const running = relay((row) => Promise.resolve(void published.push(String(row.body['name']))));
    const slow = dataSource.createQueryRunner();
    await slow.startTransaction();
    await slow.query(
      `INSERT INTO outbox (kind, name, version, body) VALUES ('event', 'thing.made', 0, '{"name": "slow"}')`,
    );
    const { outboxIds } = await change('quick');
    await running.published(outboxIds, 5_000);
    await slow.commitTransaction();
    await slow.release();
    await until(() => published.includes('slow'), { what: 'the slow row' });
    expect(published.at(-1)).toBe('slow');
    expect(new Set(published).size).toBe(2);
  });

  it('publishes records of different keys side by side, and those of one key one after the other', async () => {
    for (const [name, version] of [
      ['a', 1],
      ['b', 1],
      ['a', 2],
    ] as const)
      await transactions.run((scope) => Promise.resolve(scope.state({ key: `thing.${name}`, version, name })));
    const begun: string[] = [];
    const ends: (() => void)[] = [];
    relay((row) => {
      begun.push(`${row.name} ${row.version}`);
      return new Promise((resolve) => ends.push(resolve));
    });
    await until(() => begun.length === 2, { what: 'two records under way' });
    expect(begun).toEqual(['thing.a 1', 'thing.b 1']);
    ends[0]?.();
    await until(() => begun.length === 3, { what: 'the next of the key' });
    expect(begun[2]).toBe('thing.a 2');
    ends.forEach((end) => end());
  });

  it('tells nobody of a change before its record is on the bus', async () => {
    const twice = (name: string) =>
      transactions.run(async (scope) => {
        await scope.manager.insert(ThingRow, { name });
        scope.state({ key: `thing.${name}`, version: 1, name });
        scope.event('thing.made', { name });
      });
    await twice('a');
    await twice('b');
    const published: string[] = [];
    let refuses = true;
    const running = relay((row) => {
      if (refuses && row.name === 'thing.b') return Promise.reject(new Error('not now'));
      published.push(`${row.kind} ${String(row.body['name'])}`);
      return Promise.resolve();
    });
    await until(() => faults.length > 0, { what: 'a publication that failed' });
    expect(published).toEqual(['state a', 'event a']);
    refuses = false;
    const { outboxIds } = await change('c');
    expect(await running.published(outboxIds, 10_000)).toBe(true);
    expect(published).toEqual(['state a', 'event a', 'state b', 'state c', 'event b', 'event c']);
  });

  it('goes on in another process when the one that leads loses its connection', async () => {
    const first = relay(() => Promise.resolve());
    await until(() => first.leading, { what: 'the first relay to lead' });
    const second = relay(() => Promise.resolve());
    await first.stop();
    await until(() => second.leading, { what: 'the second relay to lead' });
    const { outboxIds } = await change('b');
    expect(await second.published(outboxIds, 5_000)).toBe(true);
  });

  it('publishes what was committed while no relay ran', async () => {
    await change('a');
    await change('b');
    const published: string[] = [];
    relay((row) => Promise.resolve(void published.push(row.name)));
    await until(() => published.length === 4, { what: 'four rows' });
    expect(published).toEqual(['thing.a', 'thing.b', 'thing.made', 'thing.made']);
  });
});
