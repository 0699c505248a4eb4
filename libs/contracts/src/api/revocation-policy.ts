import { z } from 'zod';
import { members, oneOf, textOf, textUpTo, wholeNumber } from '../operation/violations.js';
import { sha256Hex, timestamp } from '../request/shapes.js';

const day = 86_400;

/** Signed things come over HTTP: with HTTPS the server's own status would have to be known first (RFC 5280 §8). */
const url = textOf(/^https?:\/\/[^/\s@]+(\/\S*)?$/i, 'must be an http or https URL without user and password').max(
  2_000,
  {
    error: 'must be an http or https URL without user and password, of at most 2000 characters',
  },
);
const upTo = (longest: number) => ({ error: `must be a list of at most ${longest}` });

/** How certificates below a trusted root are checked for revocation, as an administrator sets it. */
export const revocationPolicy = members({
  failure: oneOf(['hard', 'soft']).default('hard').meta({
    description: '`hard`: who cannot be shown not to be revoked is refused. `soft`: only who is found revoked.',
  }),
  scope: oneOf(['all', 'leaf']).default('all').meta({ description: 'Which certificates below the root are checked.' }),
  maximumAgeSeconds: wholeNumber(60, 400 * day)
    .optional()
    .meta({ description: 'A CRL or OCSP answer older than this is not used, even before its nextUpdate.' }),
  clockSkewSeconds: wholeNumber(0, 3_600)
    .default(0)
    .meta({ description: 'How far the clocks of the issuers may be ahead of ours.' }),
  crls: z
    .array(members({ url, refreshSeconds: wholeNumber(60, 30 * day).default(3_600) }), upTo(16))
    .max(16, upTo(16))
    .check(({ value, issues }) => {
      const urls = value.map((source) => source.url);
      if (new Set(urls).size < urls.length)
        issues.push({ code: 'custom', path: [], message: 'names a url twice', input: value });
    })
    .default([]),
  issuerCertificates: z
    .array(textUpTo(100_000, 1), upTo(16))
    .max(16, upTo(16))
    .default([])
    .meta({ description: 'PEM; certificates of CRL issuers and OCSP responders that senders do not send.' }),
  ocsp: members({
    url: url.optional().meta({
      description:
        'Absent: the responder that the certificate names (RFC 5280 §4.2.2.1), once its path was found valid.',
    }),
    nonce: oneOf(['required', 'optional', 'none'])
      .default('optional')
      .meta({ description: 'RFC 9654. `optional`: an answer without it will do, one with another will not.' }),
    timeoutMilliseconds: wholeNumber(50, 800).default(500),
  }).optional(),
}).meta({
  id: 'RevocationPolicy',
  examples: [{ failure: 'hard', crls: [{ url: 'http://crl.example/issuing.crl', refreshSeconds: 3_600 }] }],
});

export type GivenRevocationPolicy = z.output<typeof revocationPolicy>;

/** A CRL in force. */
export const certificateList = z
  .object({
    sha256: sha256Hex,
    issuer: z.string(),
    number: z.string().optional(),
    delta: z.boolean(),
    thisUpdate: timestamp,
    nextUpdate: timestamp.optional(),
    entries: z.number().int(),
    bytes: z.number().int(),
    source: z.string().optional().meta({ description: 'The URL it was fetched from; absent when it was uploaded.' }),
    since: timestamp,
  })
  .meta({ id: 'CertificateList' });

/** How certificates below a root are checked for revocation, and how its sources are doing. */
export const revocation = z
  .object({
    failure: z.enum(['hard', 'soft']),
    scope: z.enum(['all', 'leaf']),
    maximumAgeSeconds: z.number().optional(),
    clockSkewSeconds: z.number(),
    crls: z.array(
      z.object({
        url: z.string(),
        refreshSeconds: z.number(),
        lastFetchedAt: timestamp.optional(),
        nextFetchAt: timestamp,
        lastError: z.string().optional().meta({
          description: 'Why the last attempt gave nothing; the CRL before stays in force until its end.',
        }),
      }),
    ),
    issuerCertificates: z.array(z.object({ sha256: sha256Hex, subject: z.string() })),
    ocsp: z
      .object({
        url: z.string().optional(),
        nonce: z.enum(['required', 'optional', 'none']),
        timeoutMilliseconds: z.number(),
      })
      .optional(),
    lists: z.array(certificateList),
  })
  .meta({ id: 'Revocation' });
export type RevocationView = z.infer<typeof revocation>;
