import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFlowDefinition, type FlowOutcome } from '@sluice/flow-engine';
import { createDataSource, initializeDataSource } from '@sluice/persistence';
import { TestPostgres, until } from '@sluice/testing';
import type { DataSource } from 'typeorm';
import type { DeployedTimer } from '../flows/deployed-flows.js';
import { entities, schema } from '../persistence/entities.js';
import { migrations } from '../persistence/migrations.js';
import { programHere } from '../workers/testing/programs.js';
import { FireTimers, type TimerClaims } from './fire-timers.js';
import { PostgresTimerClaims } from './timer-claims.postgres.js';
import { readSchedule } from './timer-schedule.croner.js';

let postgres: TestPostgres;
let dataSource: DataSource;

beforeAll(async () => {
  postgres = await TestPostgres.start();
  const databaseUrl = await postgres.createDatabase();
  const setUp = createDataSource({ databaseUrl, schema: 'public', entities: [], migrations: [], applicationName: 'x' });
  await setUp.initialize();
  await setUp.query(`CREATE SCHEMA ${schema}`);
  await setUp.destroy();
  dataSource = createDataSource({ databaseUrl, schema, entities, migrations, applicationName: 'test' });
  await initializeDataSource(dataSource, () => undefined);
}, 90_000);

afterAll(async () => {
  await dataSource.destroy();
  await postgres.stop();
});

const now = () => Date.now();

/** A runtime with its timers, and what it fired. */
function runtime(claims: TimerClaims = new PostgresTimerClaims(dataSource, now)) {
  const fired: string[] = [];
  const faults: unknown[] = [];
  const timers = new FireTimers({
    claims,
    now,
    runMessage: {
      execute: (started, _, origin) => {
        fired.push(`${started.flowId} by ${origin.sender}`);
        return Promise.resolve({} as FlowOutcome);
      },
    },
    onFault: (error) => void faults.push(error),
  });
  return { timers, fired, faults };
}

async function deployed(id: string, sender: string, version = 1): Promise<DeployedTimer> {
  const { definition } = readFlowDefinition({
    mediaType: 'application/yaml',
    content: Buffer.from(`name: ${id}\nsender: {adapter: Timer${sender}}\nsteps: []\n`),
  });
  await dataSource.query(
    `INSERT INTO flow (id, name, definition, warnings, version, deployed_at) VALUES ($1, $1, '{}', '[]', $2, now())
     ON CONFLICT (id) DO UPDATE SET version = $2`,
    [id, version],
  );
  const timer = definition.senders[0];
  if (timer?.adapter !== 'Timer') throw new Error('not a timer');
  const ports = { now, newId: () => 'id' };
  return { started: { flowId: id, program: programHere(definition), definition, ports }, version, sender: timer };
}

describe('a timer', () => {
  it('that fires once is fired by one of several runtimes, and not again when one starts anew', async () => {
    const timer = await deployed('once', '');
    const runtimes = Array.from({ length: 4 }, () => runtime());
    for (const { timers } of runtimes) timers.set([timer]);
    await Promise.all(runtimes.map(({ timers }) => timers.stop()));
    expect(runtimes.flatMap(({ fired }) => fired)).toEqual(['once by timer']);
    const later = runtime();
    later.timers.set([timer]);
    await later.timers.stop();
    expect(later.fired).toEqual([]);
  });

  it('that fires once fires again when its flow is deployed in another version', async () => {
    const { timers, fired } = runtime();
    timers.set([await deployed('again', '', 1)]);
    timers.set([await deployed('again', '', 1)]);
    timers.set([await deployed('again', '', 2)]);
    await timers.stop();
    expect(fired).toEqual(['again by timer', 'again by timer']);
  });

  it('of a schedule is fired by one of several runtimes each time it is due', async () => {
    const timer = await deployed('each-second', ', cron: "* * * * * ?"');
    const runtimes = Array.from({ length: 3 }, () => runtime());
    const start = now();
    for (const { timers } of runtimes) timers.set([timer]);
    const all = () => runtimes.flatMap(({ fired }) => fired);
    await until(() => all().length >= 2, { what: 'two firings' });
    await Promise.all(runtimes.map(({ timers }) => timers.stop()));
    const seconds = Math.floor(now() / 1000) - Math.floor(start / 1000);
    expect(all().length).toBeLessThanOrEqual(seconds);
  });

  it('of a flow that is gone fires no more', async () => {
    const timer = await deployed('gone', '');
    await dataSource.query(`DELETE FROM flow WHERE id = 'gone'`);
    const { timers, fired } = runtime();
    timers.set([timer]);
    await timers.stop();
    expect(fired).toEqual([]);
    timers.set([]);
  });

  it('waits for a database that is away', async () => {
    const timer = await deployed('waits', '');
    const claims = new PostgresTimerClaims(dataSource, now);
    let away = true;
    const { timers, fired, faults } = runtime({
      claim: (...firing) => {
        if (!away) return claims.claim(...firing);
        away = false;
        return Promise.reject(new Error('away'));
      },
    });
    timers.set([timer]);
    await until(() => fired.length > 0, { what: 'the firing' });
    await timers.stop();
    expect([fired, faults]).toEqual([['waits by timer'], []]);
  });
});

describe('a Quartz expression', () => {
  const next = (expression: string, after: string, timeZone = 'UTC') => {
    const due = readSchedule({ kind: 'cron', expression, timeZone }).next(Date.parse(after));
    return due === null ? null : new Date(due).toISOString();
  };

  it.each([
    ['0 0/15 * ? * *', '2026-03-05T10:07:00Z', 'UTC', '2026-03-05T10:15:00.000Z'],
    ['0 30 8 ? * MON-FRI', '2026-03-06T09:00:00Z', 'UTC', '2026-03-09T08:30:00.000Z'],
    // 1 is Sunday.
    ['0 0 0 ? * 1', '2026-03-05T00:00:00Z', 'UTC', '2026-03-08T00:00:00.000Z'],
    ['0 0 12 1 * ? 2027', '2026-03-05T00:00:00Z', 'UTC', '2027-01-01T12:00:00.000Z'],
    ['0 0 8 * * ?', '2026-07-01T00:00:00Z', 'Europe/Berlin', '2026-07-01T06:00:00.000Z'],
    ['0 0 12 1 * ? 2020', '2026-03-05T00:00:00Z', 'UTC', null],
  ])('%s after %s in %s is due at %s', (expression, after, timeZone, due) => {
    expect(next(expression, after, timeZone)).toBe(due);
  });

  it.each(['', '0 0 25 * * ?', 'x', '0 0 0 ? * 9'])('%j is refused', (expression) => {
    expect(() => readSchedule({ kind: 'cron', expression, timeZone: 'UTC' })).toThrow();
  });
});
