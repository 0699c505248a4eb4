import { invalidArgument, SluiceError } from '@sluice/domain';
import { decodePem, judgeSenderAdmission, parseCertificate, trustAnchor, type Certificate } from '@sluice/pki';
import { In, type EntityManager } from 'typeorm';
import { refuseCertificate, toWarnings, type CertificateWarning } from './certificate-warning.js';
import { CertificateAuthorityRow } from '../issuing-cas/certificate-authority.entity.js';
import { TrustedRootRow } from '../trusted-roots/trusted-root.entity.js';

/**
 * Reads the one certificate of an external key, in any of the forms PEM arrives in.
 * @param field where it stood in the request, for the error
 * @throws SluiceError `invalid-argument`, `certificate-refused` for that of a CA
 */
export function readExternalCertificate(pem: string, field = 'parameters.X.509'): Certificate {
  const certificate = parse(pem, field);
  if (certificate.basicConstraints?.ca) {
    throw new SluiceError(
      'certificate-refused',
      'This is the certificate of a CA: give the sender its own certificate, not the CA’s.',
      { reason: 'leaf-is-ca', sha256: certificate.sha256 },
    );
  }
  return certificate;
}

/**
 * Judges it as the verifier will at every call, by the roots that are trusted now.
 * @returns what may become right: a root that is not trusted yet, intermediates that the sender has to send
 * @throws SluiceError `certificate-refused` with the verifier's reason for what no call could ever succeed with
 */
export async function judgeExternalCertificate(
  manager: EntityManager,
  certificate: Certificate,
  now: number,
): Promise<CertificateWarning[]> {
  const own = await manager.findBy(CertificateAuthorityRow, { status: In(['prepared', 'active', 'retiring']) });
  const roots = await manager.find(TrustedRootRow);
  const ofKind = (kind: 'root' | 'issuing') => own.filter((row) => row.kind === kind);
  const { refusal, warnings } = judgeSenderAdmission(
    certificate,
    {
      anchors: [...ofKind('root'), ...roots].map((row) => trustAnchor(parseCertificate(row.certificate))),
      intermediates: ofKind('issuing').map((row) => parseCertificate(row.certificate)),
    },
    now,
  );
  if (refusal) throw refuseCertificate(refusal, certificate);
  return toWarnings(warnings);
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
