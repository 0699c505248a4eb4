import { invalidArgument, SluiceError } from '@sluice/domain';
import { decodePem, parseCertificate, type Certificate } from '@sluice/pki';

const clientAuth = '1.3.6.1.5.5.7.3.2';

/**
 * Reads the one certificate of an external key, in any of the forms PEM arrives in, and refuses early what no call could
 * ever succeed with.
 * @param field where it stood in the request, for the error
 * @throws SluiceError `invalid-argument`, `certificate-refused`
 */
export function readExternalCertificate(pem: string, now: number, field = 'parameters.X.509'): Certificate {
  const certificate = parse(pem, field);
  const refuse = (reason: string, message: string) => {
    throw new SluiceError('certificate-refused', message, { reason, sha256: certificate.sha256 });
  };
  if (certificate.basicConstraints?.ca)
    refuse('leaf-is-ca', 'This is the certificate of a CA: give the sender its own certificate, not the CA’s.');
  if (certificate.notAfter < now) {
    refuse(
      'expired',
      `This certificate ended on ${new Date(certificate.notAfter).toISOString()}: get a new one from its CA.`,
    );
  }
  if (!certificate.extendedKeyUsage?.includes(clientAuth)) {
    refuse(
      'missing-client-auth',
      'This certificate lacks the extended key usage client authentication (1.3.6.1.5.5.7.3.2). Public CAs stopped adding it in 2025/2026: issue sender certificates from a private CA.',
    );
  }
  return certificate;
}

function parse(pem: string, field: string): Certificate {
  let ders: Uint8Array[];
  try {
    ders = decodePem(pem);
  } catch (error) {
    throw asInvalid(error, field);
  }
  const [der, ...more] = ders;
  if (!der || more.length > 0) {
    throw invalidArgument([
      { field, message: `must hold one certificate, not ${ders.length}: leave the rest of the chain out` },
    ]);
  }
  try {
    return parseCertificate(der);
  } catch (error) {
    throw asInvalid(error, field);
  }
}

function asInvalid(error: unknown, field: string): SluiceError {
  return invalidArgument([
    { field, message: error instanceof Error ? error.message : 'is not an X.509 certificate in PEM' },
  ]);
}
