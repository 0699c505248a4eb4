import { SluiceError, type DistinguishedName } from '@sluice/domain';
import {
  generateKeyPair,
  issueCertificate,
  parseCertificate,
  type Certificate,
  type CertificateIssuer,
} from '@sluice/pki';
import type { ChangeScope, PublishedChanges } from '@sluice/service-shell';
import { createPrivateKey } from 'node:crypto';
import type { DataSource, EntityManager } from 'typeorm';
import { toEventIssuingCa } from './issuing-ca.view.js';
import { sealedKeyOwner, type KeySealer } from './key-sealer.js';
import { clockSkew, lockAuthorities, makeAuthority } from './make-authority.js';
import { CertificateAuthorityRow } from './certificate-authority.entity.js';

const day = 86_400_000;

export interface LeafRequest {
  readonly subject: DistinguishedName;
  /** SubjectPublicKeyInfo in DER. */
  readonly publicKey: Uint8Array;
  readonly validityDays: number;
}

export interface IssuedLeaf {
  readonly certificate: Certificate;
  readonly issuedBy: string;
  /** Leaf first, root last. */
  readonly chain: readonly Certificate[];
}

/** A CA of ours with its key open: it can sign. */
export interface OpenAuthority {
  readonly id: string;
  readonly certificate: Certificate;
  readonly issuer: CertificateIssuer;
  readonly crlUrl?: string;
}

interface ActiveIssuer {
  readonly authority: OpenAuthority;
  readonly root: Certificate;
}

/**
 * Our own CAs: roots, and below them the ones that issue the certificates of senders, of which one is active at a time. Their
 * private keys are stored sealed, and are open in this process's memory only.
 */
export class CertificateAuthority {
  #active: ActiveIssuer | undefined;

  constructor(
    private readonly dataSource: DataSource,
    private readonly sealer: KeySealer,
    private readonly changes: PublishedChanges,
    private readonly now: () => number,
    /** Where relying parties reach `/crl/<id>.crl`; without it certificates name no distribution point. */
    private readonly crlBaseUrl?: string,
  ) {}

  /** Makes root and issuing certificate if there are none; of several processes one does. */
  async ensure(): Promise<void> {
    const root = await generateKeyPair({ algorithm: 'P-256' });
    const issuing = await generateKeyPair({ algorithm: 'P-256' });
    await this.changes.commit(async (change) => {
      await lockAuthorities(change.manager);
      if (await change.manager.existsBy(CertificateAuthorityRow, { kind: 'issuing', status: 'active' })) return;
      const now = this.now();
      const rootRow = await makeAuthority(change, this.sealer, { kind: 'root', status: 'active', pair: root }, now);
      const parent = this.open(rootRow);
      const row = await this.makeIssuing(change, { status: 'active', pair: issuing, parent });
      change.event('issuing-ca.activated', row.id, { actor: 'key-management', issuingCa: toEventIssuingCa(row) });
    });
    await this.#load(this.dataSource.manager);
  }

  /** Enters a new issuing CA below a root. */
  makeIssuing(
    change: ChangeScope,
    made: { status: 'prepared' | 'active'; pair: Awaited<ReturnType<typeof generateKeyPair>>; parent: OpenAuthority },
  ): Promise<CertificateAuthorityRow> {
    const { status, pair, parent } = made;
    return makeAuthority(
      change,
      this.sealer,
      {
        kind: 'issuing',
        status,
        pair,
        parent: { id: parent.id, notAfter: parent.certificate.notAfter, issuer: parent.issuer },
        ...(parent.crlUrl === undefined ? {} : { crlUrl: parent.crlUrl }),
      },
      this.now(),
    );
  }

  /** Enters a new root. */
  makeRoot(change: ChangeScope, pair: Awaited<ReturnType<typeof generateKeyPair>>): Promise<CertificateAuthorityRow> {
    return makeAuthority(change, this.sealer, { kind: 'root', status: 'prepared', pair }, this.now());
  }

  /** Opens the key of a CA. @throws Error when it was sealed under another master key */
  open(row: CertificateAuthorityRow): OpenAuthority {
    const certificate = parseCertificate(row.certificate);
    const key = this.sealer.open(row.sealedKey, sealedKeyOwner(row.id));
    return {
      id: row.id,
      certificate,
      issuer: {
        name: certificate.subject,
        privateKey: createPrivateKey({ key, format: 'der', type: 'pkcs8' }),
        publicKey: certificate.spki,
      },
      ...(this.crlBaseUrl === undefined ? {} : { crlUrl: `${this.crlBaseUrl}/crl/${row.id}.crl` }),
    };
  }

  async #load(manager: EntityManager): Promise<ActiveIssuer> {
    const row = await this.#lockActive(manager);
    if (this.#active?.authority.id === row.id) return this.#active;
    const root = await manager.findOneByOrFail(CertificateAuthorityRow, { id: row.parentId as string });
    this.#active = { authority: this.open(row), root: parseCertificate(root.certificate) };
    return this.#active;
  }

  /** It stays active until the transaction ends: nothing is issued by a CA that was revoked a moment ago. */
  async #lockActive(manager: EntityManager): Promise<CertificateAuthorityRow> {
    // Who waited for an activation finds the row it waited for changed, and must look again for the new one.
    for (let attempt = 1; attempt <= 3; attempt++) {
      const row = manager.queryRunner?.isTransactionActive
        ? await manager.findOne(CertificateAuthorityRow, {
            where: { kind: 'issuing', status: 'active' },
            lock: { mode: 'pessimistic_read' },
          })
        : await manager.findOneBy(CertificateAuthorityRow, { kind: 'issuing', status: 'active' });
      if (row) return row;
    }
    throw new SluiceError('unavailable', 'There is no active issuing CA: prepare one and activate it.');
  }

  /** Issues a client certificate with whichever CA is active in this transaction. It never outlives its issuer. */
  async issue(manager: EntityManager, request: LeafRequest): Promise<IssuedLeaf> {
    const issuer = await this.#load(manager);
    return issueLeaf(issuer.authority, issuer.root, request, this.now());
  }

  /** The CA certificates above a leaf that one of ours issued, nearest first. */
  async chainAbove(manager: EntityManager, issuedBy: string): Promise<Certificate[]> {
    const chain: Certificate[] = [];
    for (let id: string | null = issuedBy; id;) {
      const row: CertificateAuthorityRow = await manager.findOneByOrFail(CertificateAuthorityRow, { id });
      chain.push(parseCertificate(row.certificate));
      id = row.parentId;
    }
    return chain;
  }
}

/** The certificate of a sender: for client authentication, from a moment ago, for whole days. */
export function issueLeaf(
  { id, certificate: issuer, issuer: signer, crlUrl }: OpenAuthority,
  root: Certificate,
  request: LeafRequest,
  now: number,
): IssuedLeaf {
  const { der } = issueCertificate(
    {
      subject: request.subject,
      publicKey: request.publicKey,
      notBefore: now - clockSkew,
      notAfter: Math.min(now + request.validityDays * day, issuer.notAfter),
      profile: { kind: 'client' },
      ...(crlUrl === undefined ? {} : { crlUrl }),
    },
    signer,
  );
  const certificate = parseCertificate(der);
  return { certificate, issuedBy: id, chain: [certificate, issuer, root] };
}
