import { describe, expect, it } from '@jest/globals';
import { parseDistinguishedName } from './distinguished-name.js';
import { namesDigestInput } from './names-digest.js';

const digestInput = (subject: string, issuer: string): string =>
  namesDigestInput(parseDistinguishedName(subject), parseDistinguishedName(issuer));

describe('what an unpinned key is found by', () => {
  it('is the same for names that compare equal by RFC 5280 section 7.1', () => {
    expect(digestInput('CN=Sender  One,O=acme', 'CN=CA')).toBe(digestInput('CN=sender one,O=ACME', 'CN=ca'));
  });

  it('tells subject from issuer, and one pair of names from every other', () => {
    const inputs = [
      digestInput('CN=a', 'CN=b'),
      digestInput('CN=b', 'CN=a'),
      digestInput('CN=a,O=b', 'CN=b'),
      digestInput('CN=a\\"\\,\\"b', 'CN=c'),
    ];
    expect(new Set(inputs).size).toBe(inputs.length);
  });
});
