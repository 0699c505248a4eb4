import { keyAlgorithms, keyTypes, rsaKeyLengths } from '@sluice/domain';
import { z } from 'zod';
import { members, oneOf, textOf, wholeNumber, yesOrNo } from '../operation/violations.js';
import { sha256Hex, timestamp } from '../request/shapes.js';

/** A certificate a key holds, as anybody who may read the key sees it. */
export const heldCertificate = z
  .object({
    sha256: sha256Hex,
    subjectdn: z.string(),
    issuerdn: z.string(),
    serialnumber: z.string(),
    validfrom: timestamp,
    validuntil: timestamp,
    status: z.enum(['active', 'retiring', 'retired', 'revoked', 'expired']),
    retiresAt: timestamp.optional(),
    retireAfterUnusedDays: z
      .number()
      .int()
      .optional()
      .meta({ description: 'It ends only when it was not seen for so many days.' }),
    retirementPostponedAt: timestamp.optional().meta({
      description: 'Since when its scheduled end is put off, because it is the last usable certificate of the key.',
    }),
    lastUsedAt: timestamp.optional().meta({
      description: 'Right to within the interval at which runtimes report; absent when it was never seen.',
    }),
    revocationReason: z.string().optional(),
  })
  .meta({ id: 'HeldCertificate' });

/** A secret a key is known by, as anybody who may read the key sees it. */
export const heldSecret = z
  .object({
    id: z.uuid().meta({ description: 'Tells nothing of the secret; tokens and reports of use name it.' }),
    status: z.enum(['active', 'retiring', 'retired', 'revoked', 'expired']),
    createdAt: timestamp,
    retiresAt: timestamp.optional(),
    retireAfterUnusedDays: z
      .number()
      .int()
      .optional()
      .meta({ description: 'It ends only when it was not used for so many days.' }),
    retirementPostponedAt: timestamp.optional().meta({
      description: 'Since when its scheduled end is put off, because it is the last usable secret of the key.',
    }),
    validuntil: timestamp.optional().meta({ description: 'Absent: it does not expire.' }),
    lastUsedAt: timestamp.optional().meta({
      description:
        'When it was last used to get a token or to call a flow, right to within the interval of reports; absent when it never was.',
    }),
    revocationReason: z.string().optional(),
  })
  .meta({ id: 'HeldSecret' });

/** What a sender needs. `key` and `clientsecret` are present once: in the answer that made them. */
export const credentials = z
  .object({
    clientid: z.string(),
    clientsecret: z.string().optional(),
    certificate: z.string().optional().meta({ description: 'PEM: the certificate, then its chain.' }),
    key: z.string().optional().meta({ description: 'The private key in PEM, shown this once.' }),
    certificatedetails: z
      .object({ issuerdn: z.string(), subjectdn: z.string(), validuntil: timestamp, serialnumber: z.string() })
      .optional(),
    tokenurl: z.string(),
    url: z.string(),
  })
  .meta({ id: 'Credentials' });
export type Credentials = z.infer<typeof credentials>;

/* Of each type: how its parameters are given, and what of them is kept. */

const validity = wholeNumber(1, 365, 'of days').default(365).meta({ description: 'Days.' });
const filled = (what: string) => textOf(/\S/, `must be ${what}`);
const parameterOf = (type: (typeof keyTypes)[number]) => `a parameter of key type ${type}`;

const ofSecret = members(
  {
    'key-type': z.literal('client_secret'),
    validity: wholeNumber(1, 365, 'of days')
      .optional()
      .meta({ description: 'Days until each of its secrets expires; absent: they do not.' }),
  },
  parameterOf('client_secret'),
).meta({ title: 'client_secret' });
const storedSecret = z.object({ 'key-type': z.literal('client_secret'), validity: z.number().optional() });
const ofCertificate = members(
  {
    'key-type': z.literal('certificate').optional(),
    validity,
    'key-algorithm': oneOf(keyAlgorithms).default('RSA'),
    'key-length': z.literal([...rsaKeyLengths], { error: `must be one of ${rsaKeyLengths.join(', ')}` }).optional(),
  },
  parameterOf('certificate'),
)
  .check(({ value, issues }) => {
    if (value['key-algorithm'] !== 'RSA' && value['key-length'] !== undefined)
      issues.push({
        code: 'custom',
        path: ['key-length'],
        message: 'goes with key-algorithm RSA only',
        input: value['key-length'],
      });
  })
  .meta({ title: 'certificate' });
const storedCertificate = z.object({
  'key-type': z.literal('certificate'),
  validity: z.number(),
  'key-algorithm': z.enum(keyAlgorithms),
  'key-length': z.number().optional(),
});
const ofExternalCertificate = members(
  {
    'key-type': z.literal('certificate_external'),
    'X.509': filled('one X.509 certificate in PEM'),
    'pin-certificate': yesOrNo.default(true),
  },
  parameterOf('certificate_external'),
).meta({ title: 'certificate_external' });
const storedExternalCertificate = z.object({
  'key-type': z.literal('certificate_external'),
  'X.509': z.string(),
  'pin-certificate': z.boolean(),
});
const ofCertificateRequest = members(
  {
    'key-type': z.literal('certificate_request'),
    'certificate-request': filled('one PKCS#10 certification request in PEM'),
    validity,
  },
  parameterOf('certificate_request'),
).meta({ title: 'certificate_request' });
const storedCertificateRequest = z.object({
  'key-type': z.literal('certificate_request'),
  'certificate-request': z.string(),
  validity: z.number(),
});

/** The parameters with which a service key is made, by its type; `certificate` when none is named. */
export const serviceKeyParameters = z
  .discriminatedUnion('key-type', [ofSecret, ofCertificate, ofExternalCertificate, ofCertificateRequest], {
    error: (issue) => {
      if (issue.code === 'invalid_union') return `must be one of ${keyTypes.join(', ')}`;
      return issue.code === 'invalid_type' ? 'must be an object' : undefined;
    },
  })
  .meta({
    id: 'ServiceKeyParameters',
    examples: [{ 'key-type': 'certificate', validity: 90, 'key-algorithm': 'P-256' }],
  });

export type GivenServiceKeyParameters = z.output<typeof serviceKeyParameters>;

/** Of a key that exists, with what was left out. */
export const storedServiceKeyParameters = z
  .discriminatedUnion('key-type', [
    storedSecret,
    storedCertificate,
    storedExternalCertificate,
    storedCertificateRequest,
  ])
  .meta({ id: 'StoredServiceKeyParameters' });
export type ServiceKeyParameters = z.output<typeof storedServiceKeyParameters>;

export const serviceKey = z
  .object({
    id: z.uuid(),
    name: z.string(),
    serviceInstanceId: z.uuid(),
    'key-type': z.enum(keyTypes),
    parameters: storedServiceKeyParameters,
    status: z.enum(['active', 'revoked', 'expired']),
    certificates: z.array(heldCertificate),
    secrets: z.array(heldSecret).default([]),
    createdAt: timestamp,
    updatedAt: timestamp,
  })
  .meta({ id: 'ServiceKey' });
export type ServiceKeyView = z.infer<typeof serviceKey>;
export const serviceKeyWithCredentials = serviceKey.extend({ credentials }).meta({ id: 'ServiceKeyWithCredentials' });

/**
 * What the verifier would say now of a certificate that was registered, and may not say later: `code` is that of a refusal.
 * A service of the version before says nothing.
 */
export const certificateWarnings = z.array(z.object({ code: z.string(), message: z.string() })).default([]);
