/** Why a certificate was refused: a closed set of codes, each with the rule it rests on and a sentence for people. */

/** Facts a sentence is made from. Never secret, never longer than a name. */
export type RefusalValues = Readonly<Record<string, string | number>>;

/** The certificate at fault. `subject` is an RFC 4514 string for people; identity is `sha256` (lower-case hex of the DER's hash). */
export interface RefusedCertificate {
  readonly sha256: string;
  readonly subject: string;
}

interface RefusalRule {
  /** Section of the standard that demands the refusal. */
  readonly rfc: string;
  /** What is wrong and what to do next. */
  readonly sentence: (subject: string, values: RefusalValues) => string;
}

const rule = (rfc: string, sentence: RefusalRule['sentence']): RefusalRule => ({ rfc, sentence });

const rules = {
  malformed: rule(
    'RFC 5280 4.1',
    (subject, v) =>
      `${subject} is not a well-formed certificate (${v['problem']}); have it issued again by a CA that writes strict DER.`,
  ),
  'unknown-issuer': rule(
    'RFC 5280 6.1.3 (a)(4)',
    (subject, v) =>
      `No path leads from ${subject} to a trusted root: nobody named "${v['issuer']}" is trusted or was sent along. Send the whole chain, or add the root to the trusted roots.`,
  ),
  'no-trust-anchor': rule(
    'RFC 5280 6.1.1 (d)',
    () => 'There is no trusted root to judge against; add one to the trusted roots.',
  ),
  'untrusted-root': rule(
    'RFC 5280 6.1.1 (d)',
    (subject) =>
      `The chain ends in ${subject}, which signed itself and is not a trusted root. Add it to the trusted roots if it is yours.`,
  ),
  'bad-signature': rule(
    'RFC 5280 6.1.3 (a)(1)',
    (subject, v) =>
      `The signature on ${subject} was not made with the key of "${v['issuer']}"; send the issuer's certificate that fits, or have the certificate issued again.`,
  ),
  expired: rule('RFC 5280 6.1.3 (a)(2)', (subject, v) => `${subject} expired at ${v['notAfter']}; renew it.`),
  'not-yet-valid': rule(
    'RFC 5280 6.1.3 (a)(2)',
    (subject, v) => `${subject} is not valid before ${v['notBefore']}; wait, or check the clocks.`,
  ),
  'not-a-ca': rule(
    'RFC 5280 6.1.4 (k)',
    (subject) =>
      `${subject} is no CA (basic constraints), yet something in the chain was issued with its key; have the certificate issued by a CA.`,
  ),
  'no-cert-sign': rule(
    'RFC 5280 6.1.4 (n)',
    (subject) =>
      `${subject} may not sign certificates: its key usage lacks keyCertSign. Have the CA certificate issued again with it.`,
  ),
  'path-length-exceeded': rule(
    'RFC 5280 6.1.4 (l)',
    (subject, v) =>
      `${subject} stands below a CA that allows ${v['allowed']} further CA(s) between it and the end certificate; use a CA nearer the root.`,
  ),
  'depth-exceeded': rule(
    'RFC 5280 6.1',
    (subject, v) =>
      `The chain above ${subject} has more than the ${v['allowed']} intermediate CA(s) allowed here; use a CA nearer the root.`,
  ),
  'name-constraint-violated': rule(
    'RFC 5280 6.1.3 (b), (c)',
    (subject, v) =>
      `The name ${v['name']} in ${subject} is outside what a CA above it may issue for (${v['constraint']}); use a name inside, or another CA.`,
  ),
  'unsupported-name-constraint': rule(
    'RFC 5280 4.2.1.10',
    (subject, v) =>
      `A CA above ${subject} restricts names of the form ${v['form']}, and ${v['name']} is malformed or cannot be compared; leave that name out, or write it as RFC 5280 4.2.1.6 asks.`,
  ),
  'unknown-critical-extension': rule(
    'RFC 5280 6.1.4 (o), 6.1.5 (f)',
    (subject, v) =>
      `${subject} holds the critical extension ${v['extension']}, which is not known here; have it issued without, or not critical.`,
  ),
  'missing-client-auth': rule(
    'RFC 5280 4.2.1.12',
    (subject, v) =>
      `${subject} may not be used for client authentication: its extended key usage ${v['found']}. Have it issued with clientAuth (1.3.6.1.5.5.7.3.2); public CAs no longer do so, use a private CA.`,
  ),
  'missing-extended-key-usage': rule(
    'RFC 5280 4.2.1.12',
    (subject, v) =>
      `${subject} may not be used for ${v['wanted']}: its extended key usage ${v['found']}. Have it issued with that usage.`,
  ),
  'key-usage-insufficient': rule(
    'RFC 5280 4.2.1.3',
    (subject, v) => `The key usage of ${subject} lacks ${v['wanted']}; have it issued with that bit.`,
  ),
  'weak-key': rule(
    'RFC 5280 6.1.4 (d)',
    (subject, v) =>
      `The key of ${subject} is ${v['key']}, weaker than the least allowed (${v['allowed']}); make a new key and have it certified.`,
  ),
  'oversized-key': rule(
    'RFC 5280 6.1.4 (d)',
    (subject, v) =>
      `The key of ${subject} is ${v['key']}, larger than what is computed with here (${v['allowed']}); use a smaller one.`,
  ),
  'unsupported-key': rule(
    'RFC 5280 4.1.2.7',
    (subject, v) =>
      `The key of ${subject} (${v['key']}) is of a kind not accepted here; use RSA, P-256, P-384, P-521 or Ed25519.`,
  ),
  'weak-signature-algorithm': rule(
    'RFC 5280 4.1.1.2',
    (subject, v) =>
      `${subject} is signed with ${v['algorithm']}, which can be forged; have it issued with SHA-256 or better.`,
  ),
  'unsupported-signature-algorithm': rule(
    'RFC 5280 4.1.1.2',
    (subject, v) =>
      `${subject} is signed with ${v['algorithm']}, which is not accepted here; have it issued with RSA, ECDSA or Ed25519.`,
  ),
  'policy-required': rule(
    'RFC 5280 6.1.5 (g)',
    (subject, v) =>
      `The chain of ${subject} must be valid for a certificate policy (${v['wanted']}) and is for none; have it issued under that policy.`,
  ),
  'policy-mapping-of-any-policy': rule(
    'RFC 5280 6.1.4 (a)',
    (subject) => `${subject} maps from or to anyPolicy, which is forbidden; have the CA certificate issued again.`,
  ),
  revoked: rule(
    'RFC 5280 6.3.3',
    (subject, v) =>
      `${subject} was revoked at ${v['revokedAt']} (${v['reason']}); use a new certificate with a new key.`,
  ),
  'revocation-undetermined': rule(
    'RFC 5280 6.3.3',
    (subject, v) =>
      `The status of ${subject} cannot be told (${v['problem']}); see that a current CRL or OCSP answer of its issuer is at hand.`,
  ),
  'over-budget': rule(
    'RFC 5280 8',
    (_subject, v) =>
      `Judging the chain would cost more than is spent on one (${v['limit']} over ${v['allowed']}); send only the certificates of the one path to the root.`,
  ),
} as const satisfies Record<string, RefusalRule>;

/** Every reason there is to refuse a certificate. */
export type RefusalCode = keyof typeof rules;

/** The codes, for schemas and documentation. */
export const refusalCodes = Object.freeze(Object.keys(rules)) as readonly RefusalCode[];

/** One refusal: `code` for programs, `sentence` for people, `values` the facts at fault. */
export interface CertificateRefusal {
  readonly code: RefusalCode;
  readonly certificate?: RefusedCertificate;
  readonly rfc: string;
  readonly values: RefusalValues;
  readonly sentence: string;
}

/** Makes a refusal; the rule and the sentence follow from the code. */
export function refuseCertificate(
  code: RefusalCode,
  certificate: RefusedCertificate | undefined,
  values: RefusalValues = {},
): CertificateRefusal {
  const { rfc, sentence } = rules[code];
  const written = sentence(
    certificate === undefined ? 'the certificate' : `the certificate "${certificate.subject}"`,
    values,
  );
  return Object.freeze({
    code,
    ...(certificate && { certificate }),
    rfc,
    values,
    sentence: written.charAt(0).toUpperCase() + written.slice(1),
  });
}
