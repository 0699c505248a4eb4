import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { reportServerCertificates } from '@sluice/contracts';
import { TestAuthority } from '@sluice/testing';
import { ReportServerCertificates } from './report-server-certificates.js';

describe('reporting the server certificates', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('tells what is shown, again soon after a failure, and what is shown then', async () => {
    const root = await TestAuthority.root({ subject: 'CN=Servers' });
    const [first, second] = [await root.leaf({ subject: 'CN=a' }), await root.leaf({ subject: 'CN=b' })];
    let shown = [first.chainPem];
    const told: unknown[] = [];
    const faults: unknown[] = [];
    let away = true;
    const reporter = new ReportServerCertificates(
      () => shown,
      {
        call: (contract, request) => {
          told.push([contract.subject, request]);
          return away ? Promise.reject(new Error('away')) : Promise.resolve({} as never);
        },
      },
      (error) => faults.push(error),
    );
    const chain = (leaf: typeof first) =>
      [leaf.der, root.certificate.der].map((der) => Buffer.from(der).toString('base64'));
    const report = (...chains: string[][]) => [reportServerCertificates.subject, { chains }];
    reporter.start();
    await jest.advanceTimersByTimeAsync(5_000);
    expect([told, faults.length]).toEqual([[report(chain(first))], 1]);
    away = false;
    shown = [first.chainPem, second.chainPem];
    await jest.advanceTimersByTimeAsync(5_000);
    expect(told.slice(1)).toEqual([report(chain(first), chain(second))]);
    await jest.advanceTimersByTimeAsync(5 * 60_000);
    expect(told).toHaveLength(3);
    await reporter.stop();
    await jest.advanceTimersByTimeAsync(10 * 60_000);
    expect([told.length, faults.length]).toEqual([3, 1]);
  });
});
