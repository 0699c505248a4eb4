import { SluiceError } from '@sluice/domain';
import { generateKeyPair } from '@sluice/pki';
import { PublishedChanges } from '@sluice/service-shell';
import { CertificateAuthority } from './certificate-authority.js';
import { findRootOf } from './find-authorities.js';
import { lockAuthorities } from './make-authority.js';
import { toEventIssuingCa, toEventRoot } from './issuing-ca.view.js';
import { CertificateAuthorityRow } from './certificate-authority.entity.js';
import { Injectable } from '@nestjs/common';

/**
 * Makes the next issuing CA, below the present root or a new one. It is trusted at once and issues nothing until it is
 * activated: in between, whoever keeps a trust list adds the new root.
 */
@Injectable()
export class PrepareIssuingCa {
  constructor(
    private readonly changes: PublishedChanges,
    private readonly authority: CertificateAuthority,
  ) {}

  /** @throws SluiceError `issuing-ca-state` when one is prepared already */
  async execute(request: { root: 'present' | 'new'; actor: string }) {
    const [pair, rootPair] = [
      await generateKeyPair({ algorithm: 'P-256' }),
      await generateKeyPair({ algorithm: 'P-256' }),
    ];
    return this.changes.commit(async (change): Promise<CertificateAuthorityRow> => {
      await lockAuthorities(change.manager);
      const waiting = await change.manager.findOneBy(CertificateAuthorityRow, {
        kind: 'issuing',
        status: 'prepared',
      });
      if (waiting) {
        throw new SluiceError(
          'issuing-ca-state',
          `The issuing CA ${waiting.id} is prepared already: activate it, or retire it first.`,
          { id: waiting.id },
        );
      }
      const active = await change.manager.findOneByOrFail(CertificateAuthorityRow, {
        kind: 'issuing',
        status: 'active',
      });
      const root =
        request.root === 'new'
          ? await this.authority.makeRoot(change, rootPair)
          : await findRootOf(change.manager, active);
      const row = await this.authority.makeIssuing(change, {
        status: 'prepared',
        pair,
        parent: this.authority.open(root),
      });
      change.event('issuing-ca.prepared', row.id, {
        actor: request.actor,
        issuingCa: toEventIssuingCa(row),
        ...(request.root === 'new' ? { root: toEventRoot(root) } : {}),
      });
      return row;
    });
  }
}
