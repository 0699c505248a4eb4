import { stateKey } from '@sluice/contracts';
import { formatDistinguishedName, invalidArgument, SluiceError } from '@sluice/domain';
import { nextRecordVersion, violatedUniqueConstraint } from '@sluice/persistence';
import { decodePem, judgeAnchorAdmission, parseCertificate, type Certificate } from '@sluice/pki';
import { PublishedChanges, CLOCK } from '@sluice/service-shell';
import { refuseCertificate, toWarnings } from '../service-keys/certificate-warning.js';
import { TrustedRootRow } from './trusted-root.entity.js';
import { toRootRecord } from './trusted-root.record.js';
import { Inject, Injectable } from '@nestjs/common';

/** Adds a root to the trust list; every verifier trusts it from its next decision on. */
@Injectable()
export class AddTrustedRoot {
  constructor(
    private readonly changes: PublishedChanges,
    @Inject(CLOCK) private readonly now: () => number,
  ) {}

  /** @throws SluiceError `invalid-argument`, `certificate-refused`, `certificate-in-use` when it is trusted already */
  async execute(request: { pem: string; actor: string }) {
    const certificate = readRoot(request.pem);
    const { refusal, warnings } = judgeAnchorAdmission(certificate, this.now());
    if (refusal) throw refuseCertificate(refusal, certificate);
    try {
      return await this.changes.commit(async (change) => {
        const row: TrustedRootRow = {
          sha256: certificate.sha256,
          certificate: Buffer.from(certificate.der),
          addedBy: request.actor,
          version: String(await nextRecordVersion(change.manager, stateKey.root(certificate.sha256))),
          addedAt: new Date(this.now()),
          revocation: null,
        };
        await change.manager.insert(TrustedRootRow, row);
        change.state(toRootRecord(row, []));
        change.event('trusted-root.added', row.sha256, {
          actor: request.actor,
          trustedRoot: { sha256: row.sha256, subject: formatDistinguishedName(certificate.subject) },
        });
        return { row, warnings: toWarnings(warnings) };
      });
    } catch (error) {
      if (violatedUniqueConstraint(error) === 'trusted_root_certificate') {
        throw new SluiceError(
          'certificate-in-use',
          'This root is trusted already.',
          { sha256: certificate.sha256 },
          { cause: error },
        );
      }
      throw error;
    }
  }
}

function readRoot(pem: string): Certificate {
  let certificate: Certificate;
  try {
    const [der, ...more] = decodePem(pem);
    if (!der || more.length > 0) throw new Error('must hold exactly one certificate');
    certificate = parseCertificate(der);
  } catch (error) {
    throw invalidArgument([
      { field: 'pem', message: error instanceof Error ? error.message : 'is not a certificate in PEM' },
    ]);
  }
  const refuse = (reason: string, message: string): never => {
    throw new SluiceError('certificate-refused', message, { reason, sha256: certificate.sha256 });
  };
  if (!certificate.isSelfIssued)
    refuse(
      'not-a-root',
      'Only roots go into the trust list, and this certificate was issued by another CA: add that one.',
    );
  if (!certificate.basicConstraints?.ca)
    refuse('not-a-ca', 'This certificate may not issue others (basicConstraints has no CA:TRUE, RFC 5280 §4.2.1.9).');
  return certificate;
}
