import { describe, expect, it } from '@jest/globals';
import { makeCertificate, makeOcspResponse, testTime, type OcspContent } from '@sluice/pki/testing';
import { AskResponder, type ExchangeOcsp, type OcspPolicy } from './ask-responder.js';

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
    await new AskResponder(exchange, () => testTime).answersFor(path, 'all', policy);
    await new AskResponder(exchange, () => testTime).answersFor(path, 'all', { ...policy, url: 'http://own.example/' });
    expect(calls).toEqual([url, 'http://own.example/']);
  });

  it('asks once while an answer holds, and once for many at a time', async () => {
    let now = testTime;
    const { calls, exchange } = responder({ nextUpdate: testTime + 60_000 });
    const ask = new AskResponder(exchange, () => now);
    const all = await Promise.all([1, 2, 3].map(() => ask.answersFor(path, 'all', policy)));
    expect(all.map(({ answers }) => answers.length)).toEqual([1, 1, 1]);
    await ask.answersFor(path, 'all', policy);
    expect(calls).toHaveLength(1);
    now += 60_001;
    await ask.answersFor(path, 'all', policy);
    expect(calls).toHaveLength(2);
  });

  it('takes the nonce it sent, none where the policy allows it, and never another (RFC 9654)', async () => {
    const failures = async (content: Parameters<typeof responder>[0], nonce: OcspPolicy['nonce']) => {
      const ask = new AskResponder(responder(content).exchange, () => testTime);
      return (await ask.answersFor(path, 'all', { ...policy, nonce })).failures.length;
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
    const first = await ask.answersFor(path, 'all', policy);
    expect(first).toEqual({
      answers: [],
      failures: [expect.stringContaining(`${url} gave no answer: it took too long`)],
    });
    expect((await ask.answersFor(path, 'all', policy)).failures[0]).toContain('a moment ago');
    expect(calls).toBe(1);
    now += 2_001;
    await ask.answersFor(path, 'all', policy);
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
        .answersFor([other.certificate, root.certificate], 'all', policy)
        .then(({ failures }) => refused.push(...failures));
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
        'all',
        policy,
      );
    expect(calls).toEqual([]);
    const ca = makeCertificate({
      subject: 'CN=CA',
      issuer: root,
      ca: true,
      extensions: [access('http://ca.example/')],
    });
    const below = makeCertificate({ subject: 'CN=l', issuer: ca, extensions: [access(url)] });
    await ask.answersFor([below.certificate, ca.certificate, root.certificate], 'leaf', policy);
    expect(calls).toEqual([url]);
  });
});
