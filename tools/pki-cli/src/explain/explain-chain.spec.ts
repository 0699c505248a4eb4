import { describe, expect, it } from '@jest/globals';
import { parseCertificateList } from '@sluice/pki';
import { makeCertificate, makeCertificateList, testTime } from '@sluice/pki/testing';
import { explainChain, type ExplainInput } from './explain-chain.js';
import { writeExplanation } from './write-explanation.js';

const root = makeCertificate({ subject: 'CN=Root', ca: true });
const ca = makeCertificate({ subject: 'CN=CA', issuer: root, ca: true });
const leaf = makeCertificate({
  subject: 'CN=sender',
  issuer: ca,
  extendedKeyUsage: ['1.3.6.1.5.5.7.3.2'],
  subjectAltNames: ['dns:a.example.com'],
});
const given = (more: Partial<ExplainInput> = {}): ExplainInput => ({
  chain: [leaf.der, ca.der],
  roots: [root.der],
  crls: [],
  ocspAnswers: [],
  at: testTime,
  usage: 'clientAuth',
  ...more,
});

describe('explainChain', () => {
  it('tells that a chain is valid, which way it goes and until when', () => {
    const explanation = explainChain(given());
    expect(explanation).toMatchObject({
      verdict: 'valid',
      path: [{ subject: 'CN=sender' }, { subject: 'CN=CA' }, { subject: 'CN=Root' }],
      validUntil: new Date(leaf.certificate.notAfter).toISOString(),
    });
    expect(explanation.remarks.join()).toMatch(/--crl/);
  });

  it('tells every fault of a certificate, and the one that decides', () => {
    const faulty = makeCertificate({
      subject: 'CN=faulty',
      issuer: ca,
      keyKind: 'rsa-1024',
      hash: 'sha1',
      notAfter: testTime - 1000,
    });
    const explanation = explainChain(given({ chain: [faulty.der, ca.der] }));
    const [described] = explanation.certificates;
    const wrongs =
      described !== undefined && 'findings' in described
        ? described.findings.filter(({ kind }) => kind === 'wrong').map(({ text }) => text)
        : [];
    expect(wrongs.join('; ')).toMatch(
      /expired.*key is not accepted.*signature algorithm is not accepted.*no extended key usage/,
    );
    expect(explanation.refusals[0]).toMatchObject({ code: 'expired' });
  });

  it('takes a self-signed certificate of the file for trusted when no root is given, and says so', () => {
    const explanation = explainChain(given({ chain: [leaf.der, ca.der, root.der], roots: [] }));
    expect(explanation.verdict).toBe('valid');
    expect(explanation.remarks.join()).toMatch(/no trusted root was given: "CN=Root"/);
  });

  it('looks at CRLs', () => {
    const lists = [root, ca].map((issuer) =>
      parseCertificateList(makeCertificateList({ issuer, entries: [{ serial: leaf.certificate.serialNumberBytes }] })),
    );
    expect(explainChain(given({ crls: lists })).refusals[0]).toMatchObject({ code: 'revoked' });
  });

  it('explains what cannot be parsed', () => {
    expect(explainChain(given({ chain: [Uint8Array.of(1)] }))).toMatchObject({
      verdict: 'invalid',
      certificates: [{ problem: expect.stringMatching(/malformed/) }],
    });
    expect(explainChain(given({ chain: [leaf.der, Uint8Array.of(1), ca.der] })).verdict).toBe('valid');
  });
});

describe('writeExplanation', () => {
  it('writes the verdict with its next step, with and without colour', () => {
    const explanation = explainChain(given({ chain: [leaf.der] }));
    const plain = writeExplanation(explanation, false);
    expect(plain).toMatch(/✗ The chain is not valid/);
    expect(plain).toMatch(/Send the whole chain/);
    expect(plain).toMatch(/✓ may be used for client authentication/);
    expect(plain).not.toContain('\u001b');
    expect(writeExplanation(explanation, true)).toContain('\u001b[');
  });

  it('does not let a certificate steer the terminal', () => {
    const evil = makeCertificate({ subject: 'CN=a\\1b[2Jb', issuer: ca });
    expect(writeExplanation(explainChain(given({ chain: [evil.der, ca.der] })), false)).not.toContain('\u001b');
  });
});
