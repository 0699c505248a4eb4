import { describe, expect, it } from '@jest/globals';
import type { RequestContract, RequestOf, ResponseOf } from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import type { Permit } from './permit-cache.js';
import { ReportUsage } from './report-usage.js';

const permit = (certificateSha256: string, serviceKeyId?: string, secretId?: string): Permit => ({
  usedAtMs: 0,
  shown: certificateSha256,
  endpoint: {},
  caller: {
    subjectdn: 'CN=a',
    certificateSha256,
    ...(serviceKeyId ? { serviceKeyId } : {}),
    ...(secretId ? { secretId } : {}),
  },
  validUntilMs: 1_000_000,
});

function setUp() {
  const world = { clock: 100, away: false, reports: [] as unknown[][], secrets: [] as unknown[][], faults: 0 };
  const usage = new ReportUsage(
    {
      call: <C extends RequestContract>(_contract: C, request: RequestOf<C>) => {
        if (world.away) return Promise.reject(new SluiceError('unavailable', 'away'));
        const { used, secrets } = request as { used: unknown[]; secrets: unknown[] };
        world.reports.push(used);
        world.secrets.push(secrets);
        return Promise.resolve({} as ResponseOf<C>);
      },
    },
    () => world.clock,
    60_000,
    () => world.faults++,
  );
  return { world, usage };
}

describe('the report of used certificates', () => {
  it('names each once however often it was used, with the last time', async () => {
    const { world, usage } = setUp();
    const [a, b] = [permit('aa', 'key-1'), permit('aa', 'key-1')];
    for (const at of [101, 102, 103]) usage.note(a, at);
    usage.note(b, 150);
    world.clock = 200;
    await usage.report();
    expect(world.reports).toEqual([[{ sha256: 'aa', serviceKeyId: 'key-1', atMs: 150 }]]);
    await usage.report();
    expect(world.reports[1]).toEqual([]);
    usage.note(a, 250);
    world.clock = 300;
    await usage.report();
    expect(world.reports[2]).toEqual([{ sha256: 'aa', serviceKeyId: 'key-1', atMs: 250 }]);
  });

  it('names the secret that a token or a call by Basic rests on, and not the certificate that came beside it', async () => {
    const { world, usage } = setUp();
    usage.note(permit('aa', 'key-1', 'secret-1'), 101);
    usage.note(permit('bb', 'key-1', 'secret-1'), 150);
    world.clock = 200;
    await usage.report();
    expect(world.reports).toEqual([[]]);
    expect(world.secrets).toEqual([[{ id: 'secret-1', serviceKeyId: 'key-1', atMs: 150 }]]);
    await usage.report();
    expect(world.secrets[1]).toEqual([]);
  });

  it('leaves out who is known by names alone', async () => {
    const { world, usage } = setUp();
    usage.note(permit('bb'), 101);
    await usage.report();
    expect(world.reports).toEqual([[]]);
  });

  it('tells later what could not be told, and nothing twice', async () => {
    const { world, usage } = setUp();
    const used = permit('aa', 'key-1');
    usage.note(used, 110);
    world.away = true;
    world.clock = 110;
    await usage.report();
    expect(world.faults).toBe(1);
    world.clock = 120;
    usage.note(used, 130);
    world.away = false;
    await usage.report();
    expect(world.reports).toEqual([[{ sha256: 'aa', serviceKeyId: 'key-1', atMs: 130 }]]);
    await usage.report();
    expect(world.reports[1]).toEqual([]);
  });

  it('comes in messages of bounded size', async () => {
    const { world, usage } = setUp();
    for (let index = 0; index < 12_000; index++) usage.note(permit(`c${index}`, 'key-1'), 101);
    await usage.report();
    expect(world.reports.map((used) => used.length)).toEqual([5_000, 5_000, 2_000]);
  });
});
