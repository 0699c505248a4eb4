import { z } from 'zod';
import { defineHttpOperation } from '../operation/operation.js';
import { members, textOf, wholeNumber, yesOrNo } from '../operation/violations.js';
import { idInPath, timestamp } from '../request/shapes.js';

export const connectivityTest = z
  .object({
    id: z.string(),
    host: z.string(),
    port: z.number().int(),
    validateServerCertificate: z.boolean(),
    status: z.enum(['succeeded', 'failed']),
    error: z.string().optional(),
    protocol: z.string().optional(),
    cipher: z.string().optional(),
    certificates: z
      .array(
        z.object({
          subjectdn: z.string(),
          issuerdn: z.string(),
          serialnumber: z.string(),
          validfrom: z.string(),
          validuntil: z.string(),
          sha256: z.string(),
          root: z.boolean().meta({ description: 'Self-issued: the one a sender imports.' }),
          file: z.string().meta({ description: 'Its name in `certificates.zip`.' }),
        }),
      )
      .meta({ description: "The server's first." }),
    at: timestamp,
  })
  .meta({ id: 'ConnectivityTest' });
export type ConnectivityTestView = z.infer<typeof connectivityTest>;

const tag = 'Connectivity tests';

export const runConnectivityTest = defineHttpOperation('runConnectivityTest', {
  method: 'POST',
  needs: 'Connectivity.test',
  path: '/v1/connectivity-tests',
  tag,
  summary: 'Tests TLS to a host and port, and lists the chain. A failure is a result, not an error.',
  status: 201,
  body: members({
    host: textOf(/^[A-Za-z0-9.:_-]{1,253}$/, 'must be a host name or an IP address'),
    port: wholeNumber(1, 65_535),
    validateServerCertificate: yesOrNo.default(true),
  }),
  answer: connectivityTest.extend({
    certificatesZip: z.string().meta({ description: 'Path of the chain as a download.' }),
  }),
});

export const getConnectivityTest = defineHttpOperation('getConnectivityTest', {
  method: 'GET',
  needs: 'Connectivity.test',
  path: '/v1/connectivity-tests/{id}',
  parameters: { id: idInPath('Id of the test.') },
  tag,
  summary: 'Shows a test again.',
  answer: connectivityTest,
  errors: ['not-found'],
});

export const downloadCertificates = defineHttpOperation('downloadCertificates', {
  method: 'GET',
  needs: 'Connectivity.test',
  path: '/v1/connectivity-tests/{id}/certificates.zip',
  parameters: { id: idInPath('Id of the test.') },
  tag,
  summary: 'The chain as .cer files.',
  answerMediaType: 'application/zip',
  errors: ['not-found'],
});
