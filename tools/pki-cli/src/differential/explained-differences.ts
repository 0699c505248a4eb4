/** Differences between our verdict and OpenSSL's that are meant, by fault: which of the two accepts, and the rule. */
export interface ExplainedDifference {
  readonly accepts: 'ours' | 'openssl';
  readonly rule: string;
}

export const explainedDifferences: Readonly<Record<string, ExplainedDifference>> = {
  'no key usage in CA': {
    accepts: 'ours',
    rule: 'RFC 5280 6.1.4 (n) checks keyCertSign only if the extension is present; that CAs must include it (4.2.1.3) binds issuers',
  },
  'no key identifiers': {
    accepts: 'ours',
    rule: 'RFC 5280 4.2.1.1 binds issuers; section 6 does not look at key identifiers',
  },
  'no key identifiers in CA': {
    accepts: 'ours',
    rule: 'RFC 5280 4.2.1.1 and 4.2.1.2 bind issuers; section 6 does not look at key identifiers',
  },
  'empty subject': {
    accepts: 'ours',
    rule: 'RFC 5280 4.1.2.6 (a critical SAN beside an empty subject) binds issuers; the SAN is processed either way',
  },
  'serial number of 21 octets': {
    accepts: 'openssl',
    rule: 'RFC 5280 4.1.2.2 allows 20 octets at most; refused as malformed',
  },
  'policy mapping inhibited': {
    accepts: 'openssl',
    rule: 'RFC 5937 3.2: the policyConstraints of the trust anchor bind the path, OpenSSL passes over them',
  },
};
