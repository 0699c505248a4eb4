import { describe, expect, it } from '@jest/globals';
import { judgeOcspAnswer } from '@sluice/pki';
import { makeCertificate, makeOcspResponse, testKey, testTime, type OcspContent } from '@sluice/pki/testing';
import { AskResponder, type ExchangeOcsp, type OcspAsking, type OcspPolicy } from './ask-responder.js';

const root = makeCertificate({ subject: 'CN=Root', ca: true });
const url = 'http://ocsp.example/';
/** authorityInfoAccess with one OCSP responder, in DER (RFC 5280 §4.2.2.1). */
const access = (location: string) => {
  const uri = Buffer.from(location);
  const method = Buffer.from('06082b06010505073001', 'hex');
  const description = Buffer.concat([method, Buffer.of(0x86, uri.length), uri]);
  return {
    oid: '1.3.6.1.5.5.7.1.1',
    value: Buffer.concat([Buffer.of(0x30, description.length + 2, 0x30, description.length), description]),
  };
};
const leaf = makeCertificate({ subject: 'CN=leaf', issuer: root, extensions: [access(url)] });
const path = [leaf.certificate, root.certificate];
const policy: OcspPolicy = { nonce: 'optional', timeoutMs: 500 };

const at =
  (now: () => number) =>
  (more: Partial<OcspPolicy> = {}, { scope = 'all', maximumAge }: Partial<OcspAsking> = {}): OcspAsking => ({
    scope,
    ocsp: { ...policy, ...more },
    maximumAge,
    judge: (answer, certificate, issuer) =>
      judgeOcspAnswer({
        answer,
        certificate,
        issuer,
        issuers: path,
        at: now(),
        revocation: { crls: [], failure: 'hard', ...(maximumAge === undefined ? {} : { maximumAge }) },
      }),
  });
const asking = at(() => testTime);

/** The nonce of a request: the last 32 octets of it, for it stands at its end. */
const nonceOf = (request: Uint8Array) => request.slice(-32);

function responder(content: Partial<OcspContent> | ((request: Uint8Array) => Partial<OcspContent>) = {}) {
  const calls: string[] = [];
  const exchange: ExchangeOcsp = (called, request) => {
    calls.push(called);
    const more = typeof content === 'function' ? content(request) : content;
    return Promise.resolve(makeOcspResponse({ certificate: leaf, issuer: root, ...more }));
  };
  return { calls, exchange };
}

describe('asking an OCSP responder', () => {
  it('asks the one the certificate names, or the one the policy names instead', async () => {
    const { calls, exchange } = responder();
    await new AskResponder(exchange, () => testTime).answersFor(path, asking());
    await new AskResponder(exchange, () => testTime).answersFor(path, asking({ url: 'http://own.example/' }));
    expect(calls).toEqual([url, 'http://own.example/']);
  });

  it('asks once while an answer holds, and once for many at a time', async () => {
    let now = testTime;
    const { calls, exchange } = responder({ nextUpdate: testTime + 60_000 });
    const ask = new AskResponder(exchange, () => now);
    const moving = at(() => now);
    const all = await Promise.all([1, 2, 3].map(() => ask.answersFor(path, moving())));
    expect(all.map(({ answers }) => answers.length)).toEqual([1, 1, 1]);
    now += 60_000;
    await ask.answersFor(path, moving());
    expect(calls).toHaveLength(1);
    now += 1;
    await ask.answersFor(path, moving());
    expect(calls).toHaveLength(2);
  });

  it('keeps a good answer until its nextUpdate, the greatest age, or the end of the responder’s certificate', async () => {
    const minute = 60_000;
    const delegate = makeCertificate({
      subject: 'CN=Responder',
      issuer: root,
      extendedKeyUsage: ['1.3.6.1.5.5.7.3.9'],
      keyUsage: [0],
      notAfter: testTime + 20 * minute,
      extensions: [{ oid: '1.3.6.1.5.5.7.48.1.5', value: Buffer.of(5, 0) }],
    });
    const keptFor = async (content: Partial<OcspContent>, maximumAge?: number) => {
      let now = testTime;
      const { calls, exchange } = responder({ thisUpdate: testTime, ...content });
      const ask = new AskResponder(exchange, () => now);
      const moving = at(() => now);
      for (; calls.length < 2 && now < testTime + 100 * minute; now += minute)
        await ask.answersFor(path, moving({}, { maximumAge }));
      return (now - testTime) / minute - 2;
    };
    expect(await keptFor({ nextUpdate: testTime + 10 * minute })).toBe(10);
    expect(await keptFor({ nextUpdate: testTime + 10 * minute }, 5 * minute)).toBe(5);
    expect(await keptFor({ responder: delegate, certificates: [delegate] })).toBe(20);
    expect(await keptFor({ status: 'revoked', nextUpdate: testTime + 10 * minute })).toBe(10);
    expect(await keptFor({ nextUpdate: null })).toBe(60);
  });

  const tenYears = testTime + 10 * 365 * 86_400_000;
  it.each<[string, Partial<OcspContent> | 'noise']>([
    ['by a stranger', { signingKey: testKey('P-256', 'stranger'), nextUpdate: tenYears }],
    ['about another certificate', { serial: Uint8Array.of(9, 9), nextUpdate: tenYears }],
    ['that is too old', { nextUpdate: testTime - 1 }],
    ['from tomorrow', { thisUpdate: testTime + 86_400_000, nextUpdate: tenYears }],
    ['that does not know the certificate', { status: 'unknown', nextUpdate: tenYears }],
    ['that is noise', 'noise'],
  ])(
    'attack 43: keeps no answer %s, asks again with ever longer pauses, and believes the next good one',
    async (_what, bad) => {
      let now = testTime;
      let calls = 0;
      let good = false;
      const ask = new AskResponder(
        () => {
          calls++;
          return Promise.resolve(
            bad === 'noise' && !good
              ? Buffer.from('<html>')
              : makeOcspResponse({ certificate: leaf, issuer: root, ...(good || bad === 'noise' ? {} : bad) }),
          );
        },
        () => now,
      );
      const moving = at(() => now);
      const times: number[] = [];
      for (; now < testTime + 300_000; now += 500) {
        const before = calls;
        const { answers, failures } = await ask.answersFor(path, moving());
        if (bad !== 'noise' && bad.status === 'unknown') expect([answers.length, failures.length]).toEqual([1, 0]);
        else expect(failures.map(({ sentence }) => sentence)).toEqual([expect.stringContaining('cannot be used: ')]);
        if (calls > before) times.push((now - testTime) / 1_000);
      }
      expect(times).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183, 243]);
      good = true;
      now += 60_000;
      expect(await ask.answersFor(path, moving())).toMatchObject({ answers: [{}], failures: [] });
      const { calls: asked } = { calls };
      now += 60_000;
      await ask.answersFor(path, moving());
      expect(calls).toBe(asked);
    },
  );

  it('attack 43: leaves a responder alone for a moment that gives nothing but useless answers, however many are asked about', async () => {
    let calls = 0;
    const ask = new AskResponder(
      () => (calls++, Promise.resolve(Buffer.from('noise'))),
      () => testTime,
    );
    for (let index = 0; index < 40; index++) {
      const other = makeCertificate({ subject: `CN=leaf ${index}`, issuer: root, extensions: [access(url)] });
      await ask.answersFor([other.certificate, root.certificate], asking());
    }
    expect(calls).toBe(8);
  });

  it('attack 43: does not stop asking about others because a responder does not know one', async () => {
    const { calls, exchange } = responder({ status: 'unknown' });
    const ask = new AskResponder(exchange, () => testTime);
    for (let index = 0; index < 20; index++)
      await ask.answersFor(path, asking({}, { maximumAge: index + 1_000_000_000 }));
    expect(calls).toHaveLength(20);
  });

  it('asks again for an answer that the judgement of the whole path could not use', async () => {
    const { calls, exchange } = responder();
    const ask = new AskResponder(exchange, () => testTime);
    ask.forget((await ask.answersFor(path, asking())).answers);
    await ask.answersFor(path, asking());
    expect(calls).toHaveLength(2);
  });

  it('takes the nonce it sent, none where the policy allows it, and never another (RFC 9654)', async () => {
    const failures = async (content: Parameters<typeof responder>[0], nonce: OcspPolicy['nonce']) => {
      const ask = new AskResponder(responder(content).exchange, () => testTime);
      return (await ask.answersFor(path, asking({ nonce }))).failures.length;
    };
    expect(await failures((request) => ({ nonce: nonceOf(request) }), 'required')).toBe(0);
    expect(await failures({}, 'optional')).toBe(0);
    expect(await failures({}, 'required')).toBe(1);
    expect(await failures({ nonce: new Uint8Array(32).fill(7) }, 'optional')).toBe(1);
    expect(await failures({}, 'none')).toBe(0);
  });

  it('leaves a responder alone for a moment after it gave no answer, and tells why', async () => {
    let now = testTime;
    let calls = 0;
    const ask = new AskResponder(
      () => (calls++, Promise.reject(Object.assign(new Error('late'), { name: 'TimeoutError' }))),
      () => now,
    );
    const first = await ask.answersFor(path, asking());
    expect(first).toEqual({
      answers: [],
      failures: [
        {
          certificateSha256: leaf.certificate.sha256,
          sentence: expect.stringContaining(`${url} gave no answer: it took too long`),
        },
      ],
    });
    expect((await ask.answersFor(path, asking())).failures[0]?.sentence).toContain('a moment ago');
    expect(calls).toBe(1);
    now += 2_001;
    await ask.answersFor(path, asking());
    expect(calls).toBe(2);
  });

  it('does not let a slow responder take more than its share', async () => {
    let calls = 0;
    const ask = new AskResponder(
      () => (calls++, new Promise(() => undefined)),
      () => testTime,
    );
    const others = Array.from({ length: 40 }, (_, index) =>
      makeCertificate({ subject: `CN=leaf ${index}`, issuer: root, extensions: [access(url)] }),
    );
    const refused: string[] = [];
    for (const other of others)
      void ask
        .answersFor([other.certificate, root.certificate], asking())
        .then(({ failures }) => refused.push(...failures.map(({ sentence }) => sentence)));
    await new Promise(setImmediate);
    expect(calls).toBe(32);
    expect(refused).toHaveLength(8);
  });

  it('does not call an address that is not HTTP, and asks about the leaf alone where the policy says so', async () => {
    const { calls, exchange } = responder();
    const ask = new AskResponder(exchange, () => testTime);
    for (const location of ['file:///etc/passwd', 'http://user:secret@ocsp.example/', 'gopher://a/'])
      await ask.answersFor(
        [
          makeCertificate({ subject: 'CN=l', issuer: root, extensions: [access(location)] }).certificate,
          root.certificate,
        ],
        asking(),
      );
    expect(calls).toEqual([]);
    const ca = makeCertificate({
      subject: 'CN=CA',
      issuer: root,
      ca: true,
      extensions: [access('http://ca.example/')],
    });
    const below = makeCertificate({ subject: 'CN=l', issuer: ca, extensions: [access(url)] });
    await ask.answersFor([below.certificate, ca.certificate, root.certificate], asking({}, { scope: 'leaf' }));
    expect(calls).toEqual([url]);
  });
});
