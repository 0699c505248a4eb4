/** Why an access token, or a secret by itself, was refused: a closed set of codes, each with the rule it rests on and a sentence for people. */

/** Facts a sentence is made from. Never secret. */
export type AccessRefusalValues = Readonly<Record<string, string | number>>;

interface AccessRefusalRule {
  /** Section of the standard that demands the refusal. */
  readonly rfc: string;
  /** What is wrong and what to do next. */
  readonly sentence: (values: AccessRefusalValues) => string;
}

const rule = (rfc: string, sentence: AccessRefusalRule['sentence']): AccessRefusalRule => ({ rfc, sentence });

const newToken = 'get a new one from the token end point';

const rules = {
  'token-too-large': rule(
    'RFC 8725 3.8',
    (v) => `The access token has more than the ${v['allowed']} characters that one may have here; ${newToken}.`,
  ),
  'token-malformed': rule(
    'RFC 7515 5.2',
    (v) => `The access token cannot be read (${v['problem']}); send it as it was issued, or ${newToken}.`,
  ),
  'token-header': rule(
    'RFC 9068 4',
    (v) => `The header of the access token is not that of one of ours (${v['problem']}); ${newToken}.`,
  ),
  'token-key-unknown': rule(
    'RFC 9068 4',
    () =>
      `The key that the access token names as the one that signed it is not, or no longer, one of ours; ${newToken}.`,
  ),
  'token-key-ended': rule(
    'RFC 9068 4',
    (v) => `The key that signed the access token ended at ${v['endedAt']}; ${newToken}.`,
  ),
  'token-signature': rule(
    'RFC 7515 5.2',
    () => `The signature of the access token was not made by the key it names; ${newToken}.`,
  ),
  'token-issuer': rule(
    'RFC 9068 4',
    () => `The access token names another issuer than the one whose key signed it; ${newToken}.`,
  ),
  'token-audience': rule(
    'RFC 9068 4',
    (v) => `The access token is not for ${v['wanted']}; ${newToken} of what you call.`,
  ),
  'token-expired': rule('RFC 9068 4', (v) => `The access token ended at ${v['expiredAt']}; ${newToken}.`),
  'token-not-yet-valid': rule(
    'RFC 7519 4.1.5',
    (v) => `The access token is not good before ${v['from']}; wait, or check the clocks.`,
  ),
  'token-revoked': rule('RFC 7009 2', () => `The access token was revoked by its client; ${newToken}.`),
  'token-without-certificate': rule(
    'RFC 8705 3',
    () =>
      `The access token is bound to a certificate, and the call came without one; send the certificate that was shown when the token was asked for.`,
  ),
  'token-other-certificate': rule(
    'RFC 8705 3',
    () =>
      `The access token is bound to another certificate than the one that came with it; send that one, or ${newToken} with this one.`,
  ),
  'token-other-key': rule(
    'RFC 9068 4',
    () => `What the access token rests on belongs to another service key than the token says; ${newToken}.`,
  ),
  'secret-unknown': rule(
    'RFC 6749 2.3.1',
    () =>
      `There is no secret any more that this rests on: its service key was deleted. Create a service key, and use its secret.`,
  ),
  'secret-revoked': rule(
    'RFC 6749 2.3.1',
    (v) => `The service key ${v['key']} is revoked: create a new one, and use its secret.`,
  ),
  'secret-retired': rule(
    'RFC 6749 2.3.1',
    (v) => `The service key ${v['key']} was rotated, and this secret ended at ${v['endedAt']}: use its successor.`,
  ),
  'secret-expired': rule(
    'RFC 6749 2.3.1',
    (v) =>
      `The secret of the service key ${v['key']} expired at ${v['endedAt']}: rotate the key, and use the new secret.`,
  ),
  'wrong-secret': rule(
    'RFC 6749 2.3.1',
    () =>
      'The client id is not known, or the secret is not its secret: look both up in the credentials of the service key.',
  ),
} as const satisfies Record<string, AccessRefusalRule>;

/** Every reason there is to refuse an access token or a secret, beside those of the certificate it rests on. */
export type AccessRefusalCode = keyof typeof rules;

/** The codes, for documentation. */
export const accessRefusalCodes = Object.freeze(Object.keys(rules)) as readonly AccessRefusalCode[];

/** One refusal: `code` for programs, `sentence` for people. */
export interface AccessRefusal {
  readonly code: AccessRefusalCode;
  readonly rfc: string;
  readonly sentence: string;
}

/** Makes a refusal; the rule and the sentence follow from the code. */
export function refuseAccess(code: AccessRefusalCode, values: AccessRefusalValues = {}): AccessRefusal {
  const { rfc, sentence } = rules[code];
  return Object.freeze({ code, rfc, sentence: sentence(values) });
}
