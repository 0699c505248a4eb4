import { requirePrecondition, type Precondition, type RevocationReason } from '@sluice/domain';
import { generateKeyPair, parseCertificate } from '@sluice/pki';
import { CLOCK, type ChangeScope } from '@sluice/service-shell';
import { FourEyes, type Eyes } from '../proposals/four-eyes.js';
import { activate, requireStatus, retireRootWithoutCas, setStatus } from './change-authority.js';
import { CertificateAuthority } from './certificate-authority.js';
import { findRootOf } from './find-authorities.js';
import { lockAuthorities } from './make-authority.js';
import { enterRevokedCertificates } from './enter-revoked-certificates.js';
import { toEventIssuingCa } from './issuing-ca.view.js';
import { endCertificatesBelow } from './end-certificates-below.js';
import { CertificateAuthorityRow } from './certificate-authority.entity.js';
import { issuingCaTag } from './issuing-ca.tag.js';
import { findIssuingCa } from './find-authority.js';
import { Inject, Injectable } from '@nestjs/common';

interface Revocation extends Precondition {
  readonly id: string;
  readonly reason: RevocationReason;
  readonly actor: string;
}

/** A key pair for the successor, made before anything is locked. */
type Prepared = Awaited<ReturnType<typeof generateKeyPair>>;

/**
 * Revokes an issuing CA and every certificate below it. Revoking the active one gives it a successor in the same
 * transaction (the prepared one, else a new one), for the keys that have just ended need new certificates.
 */
@Injectable()
export class RevokeIssuingCa {
  constructor(
    private readonly fourEyes: FourEyes,
    private readonly authority: CertificateAuthority,
    @Inject(CLOCK) private readonly now: () => number,
  ) {}

  /** @throws SluiceError `not-found`, `invalid-argument`, `precondition-failed`, `issuing-ca-state`, `approval-required` */
  async execute(request: Revocation) {
    const prepared = await this.prepare();
    return this.fourEyes.commit((change, eyes) => this.within(change, request, eyes, prepared));
  }

  prepare(): Promise<Prepared> {
    return generateKeyPair({ algorithm: 'P-256' });
  }

  /** The same in a change that is under way. */
  async within(change: ChangeScope, request: Revocation, eyes: Eyes, pair: Prepared): Promise<CertificateAuthorityRow> {
    // RFC 5280 §5.3.1: a compromised key of a CA is a cACompromise, for the CA and for what it issued.
    const reason: RevocationReason = request.reason === 'keyCompromise' ? 'cACompromise' : request.reason;
    await lockAuthorities(change.manager);
    const row = await findIssuingCa(change.manager, request.id);
    requireStatus(row, ['prepared', 'active', 'retiring', 'retired'], 'it cannot be revoked twice.');
    requirePrecondition(request, issuingCaTag(row));
    eyes.require({
      operation: 'revokeIssuingCa',
      subject: row.id,
      name: toEventIssuingCa(row).subject,
      tag: issuingCaTag(row),
      parameters: { reason },
    });
    if (row.status === 'active') await this.#replace(change, row, pair, request.actor);
    const now = this.now();
    const revoked = await setStatus(change, row, { status: 'revoked', revocationReason: reason });
    const certificate = parseCertificate(row.certificate);
    await enterRevokedCertificates(
      change.manager,
      [
        {
          issuedBy: row.parentId,
          serialNumber: certificate.serialNumber,
          notAfter: new Date(certificate.notAfter),
          publicKeySha256: row.publicKeySha256,
        },
      ],
      reason,
      new Date(now),
    );
    change.event('issuing-ca.revoked', row.id, { actor: request.actor, issuingCa: toEventIssuingCa(row), reason });
    await endCertificatesBelow(change, row.id, reason, request.actor, now);
    await retireRootWithoutCas(change, row.parentId as string);
    return revoked;
  }

  async #replace(change: ChangeScope, row: CertificateAuthorityRow, pair: Prepared, actor: string): Promise<void> {
    const prepared = await change.manager.findOneBy(CertificateAuthorityRow, {
      kind: 'issuing',
      status: 'prepared',
    });
    const successor =
      prepared ??
      (await this.authority.makeIssuing(change, {
        status: 'prepared',
        pair,
        parent: this.authority.open(await findRootOf(change.manager, row)),
      }));
    await activate(change, successor, actor);
  }
}
