import { describe, expect, it } from '@jest/globals';
import type { DecidedCall } from './record-decision.js';
import { talliesPerMinute, TallyDecisions, type DecisionTally } from './tally-decisions.js';

const refused: DecidedCall = {
  outcome: 'denied',
  status: 401,
  reason: 'no-service-key',
  path: '/http/orders',
  flow: 'orders',
  certificateSha256: 'aa',
  evidence: { checks: [] },
};
const forbidden: DecidedCall = { ...refused, status: 403, reason: 'role-missing' };

/** The table: the newest of each id. */
class Table {
  readonly rows = new Map<string, DecisionTally>();
  writes = 0;
  away = false;
  readonly faults: unknown[] = [];
  readonly tallies = new TallyDecisions(
    (tallies) => {
      this.writes++;
      if (this.away) return Promise.reject(new Error('Postgres is away'));
      for (const tally of tallies) this.rows.set(tally.id, tally);
      return Promise.resolve();
    },
    (error) => this.faults.push(error),
  );

  get counted(): number {
    return [...this.rows.values()].reduce((sum, { count }) => sum + count, 0);
  }
}

describe('counting decisions for their list', () => {
  it('makes one tally of calls of a minute that were decided alike, under the id of the first', async () => {
    const { tallies, rows } = new Table();
    for (let call = 0; call < 1_000; call++) tallies.note(`id ${call}`, call, refused);
    await tallies.write();
    expect([...rows.values()]).toEqual([
      expect.objectContaining({
        id: 'id 0',
        at: 0,
        lastAt: 999,
        count: 1_000,
        reason: 'no-service-key',
        others: false,
      }),
    ]);
    tallies.note('more', 59_999, refused);
    tallies.note('next minute', 60_000, refused);
    await tallies.write();
    expect([...rows.values()].map(({ id, count }) => [id, count])).toEqual([
      ['id 0', 1_001],
      ['next minute', 1],
    ]);
  });

  it('tells apart by outcome, status, reason, flow and certificate', async () => {
    const { tallies, rows } = new Table();
    const others: Partial<DecidedCall>[] = [
      {},
      { certificateSha256: 'bb' },
      { flow: 'other' },
      { reason: 'expired' },
      { status: 403 },
      { outcome: 'undecided' },
    ];
    others.forEach((other, number) => tallies.note(`id ${number}`, 0, { ...refused, ...other }));
    await tallies.write();
    expect(rows.size).toBe(others.length);
  });

  it('keeps a bounded number whatever certificates strangers make, loses no count, and no known sender for it', async () => {
    const { tallies, rows, ...table } = new Table();
    for (let call = 0; call < 10_000; call++)
      tallies.note(`s ${call}`, call, { ...refused, certificateSha256: String(call), path: `/http/${call}` });
    tallies.note('known', 10_000, forbidden);
    await tallies.write();
    expect(rows.size).toBe(talliesPerMinute + 2);
    const all = [...rows.values()];
    expect(all.reduce((sum, { count }) => sum + count, 0)).toBe(10_001);
    expect(all.filter(({ others }) => others)).toEqual([
      expect.objectContaining({ count: 10_000 - talliesPerMinute, status: 401, reason: 'no-service-key' }),
    ]);
    expect(all.find(({ others }) => others)).not.toHaveProperty('certificateSha256');
    expect(rows.get('known')).toMatchObject({ certificateSha256: 'aa', others: false });
    expect(table.faults).toEqual([]);
  });

  it('keeps what Postgres did not take, within bounds, and counts what it gave up', async () => {
    const table = new Table();
    table.away = true;
    for (let minute = 0; minute < 200; minute++)
      for (let call = 0; call < 40; call++)
        table.tallies.note(`${minute} ${call}`, minute * 60_000, { ...refused, certificateSha256: String(call) });
    await table.tallies.write();
    expect(table.rows.size).toBe(0);
    expect(table.tallies.dropped).toBe(3_000);
    table.away = false;
    await table.tallies.stop();
    expect(table.counted).toBe(5_000);
    expect(table.faults).toHaveLength(1);
  });

  it('writes nothing when there is nothing new, and only what has grown', async () => {
    const table = new Table();
    await table.tallies.write();
    expect(table.writes).toBe(0);
    table.tallies.note('a', 0, refused);
    await table.tallies.write();
    await table.tallies.write();
    expect(table.writes).toBe(1);
  });
});
