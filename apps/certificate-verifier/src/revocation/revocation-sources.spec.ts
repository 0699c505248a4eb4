import { describe, expect, it } from '@jest/globals';
import type { RootRevocation } from '@sluice/contracts';
import { TestAuthority, until } from '@sluice/testing';
import { createHash } from 'node:crypto';
import { ListsNotLoaded, RevocationSources } from './revocation-sources.js';

const sha256 = (der: Uint8Array): string => createHash('sha256').update(der).digest('hex');
const policy = (more: Partial<RootRevocation>): RootRevocation => ({
  failure: 'hard',
  scope: 'all',
  clockSkewMs: 0,
  lists: [],
  issuers: [],
  ...more,
});
const long = (der: Uint8Array) => ({ sha256: sha256(der), bytes: der.length });

describe('the CRLs in force', () => {
  const faults: string[] = [];
  const setUp = (read: (name: string) => Promise<Uint8Array>, now = () => 0) =>
    new RevocationSources(read, (_error, what) => faults.push(what), now);

  it('are those that can be read: one that cannot is told, and is as if it were not there', async () => {
    faults.length = 0;
    const ca = await TestAuthority.root({ subject: 'CN=CA' });
    const der = await ca.certificateList({});
    const broken = der.subarray(1);
    const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
    const sources = setUp(() => Promise.reject(new Error('nothing is long here')));
    const revocation = policy({
      maximumAgeMs: 5,
      lists: [der, broken].map((list) => ({ ...long(list), der: base64(list) })),
      issuers: [base64(ca.certificate.der), 'AAAA'],
    });
    const inputs = sources.inputsOf(revocation);
    expect(inputs).toMatchObject({ failure: 'hard', scope: 'all', maximumAge: 5, clockSkew: 0 });
    expect(inputs.crls.map((list) => sha256(list.der))).toEqual([sha256(der)]);
    expect(inputs.issuerCertificates?.map((issuer) => issuer.sha256)).toEqual([ca.certificate.sha256]);
    expect(faults).toEqual([
      `reading the CRL ${sha256(broken)}`,
      'reading the certificate of an issuer of CRLs or OCSP answers',
    ]);
    // Read once for each policy: the request path asks on every request.
    expect(sources.inputsOf(revocation)).toBe(inputs);
  });

  it('that are long are waited for, and read once, however many ask', async () => {
    const der = await (await TestAuthority.root({ subject: 'CN=CA' })).certificateList({});
    const asked: string[] = [];
    const sources = setUp((name) => {
      asked.push(name);
      return Promise.resolve(der);
    });
    const revocation = policy({ lists: [long(der)] });
    sources.readAhead(sha256(der));
    sources.need([revocation]);
    const failure = (() => {
      try {
        sources.inputsOf(revocation);
      } catch (error) {
        return error;
      }
    })();
    expect(failure).toBeInstanceOf(ListsNotLoaded);
    await (failure as ListsNotLoaded).loaded;
    expect(sources.inputsOf(revocation).crls).toHaveLength(1);
    expect(asked).toEqual([sha256(der)]);
  });

  it('that cannot be fetched are told, and fetched again while they are needed', async () => {
    faults.length = 0;
    const der = await (await TestAuthority.root({ subject: 'CN=CA' })).certificateList({});
    let away = true;
    const sources = setUp(() => (away ? Promise.reject(new Error('the leader is away')) : Promise.resolve(der)));
    const revocation = policy({ lists: [long(der)] });
    sources.need([revocation]);
    await until(() => faults.length > 0, { what: 'the fault' });
    expect(faults).toEqual([`reading the CRL ${sha256(der)}`]);
    away = false;
    const inputs = await until(() => sources.inputsOf(revocation), { what: 'the CRL' });
    expect(inputs.crls).toHaveLength(1);
  });

  it('are let go of when no policy names them any more, but not one that was read ahead a moment ago', async () => {
    const der = await (await TestAuthority.root({ subject: 'CN=CA' })).certificateList({});
    let now = 0;
    let reads = 0;
    const sources = setUp(
      () => {
        reads++;
        return Promise.resolve(der);
      },
      () => now,
    );
    sources.readAhead(sha256(der));
    sources.need([]);
    sources.need([policy({ lists: [long(der)] })]);
    expect(reads).toBe(1);
    now = 200_000;
    sources.need([]);
    sources.need([policy({ lists: [long(der)] })]);
    expect(reads).toBe(2);
  });
});
