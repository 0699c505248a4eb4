import { stateKey } from '@sluice/contracts';
import { parseDistinguishedName, SluiceError } from '@sluice/domain';
import {
  generateKeyPair,
  issueCertificate,
  parseCertificate,
  subjectPublicKeyInfo,
  type Certificate,
  type KeyPair,
} from '@sluice/pki';
import { nextRecordVersion } from '@sluice/persistence';
import type { ChangeScope, PublishedChanges } from '@sluice/service-shell';
import { createPrivateKey, randomUUID, type KeyObject } from 'node:crypto';
import type { DataSource, EntityManager } from 'typeorm';
import { certificateAuthoritySchema, type CertificateAuthorityRow } from '../persistence/entities.js';
import { toCaRecord } from '../record/state-record.js';
import type { KeySealer } from './key-sealer.js';

const day = 86_400_000;
const rootLifetime = 20 * 365 * day;
const issuingLifetime = 5 * 365 * day;
/** Senders' clocks differ a little: what was issued now must not be "not yet valid" there. */
const clockSkew = 60_000;

interface ActiveIssuer {
  readonly id: string;
  readonly certificate: Certificate;
  readonly root: Certificate;
  readonly privateKey: KeyObject;
}

export interface LeafRequest {
  /** RFC 4514. */
  readonly subject: string;
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

const owner = (id: string) => `certificate-authority:${id}`;

/**
 * The issuing CA: a root, and below it the certificate that issues the keys of senders. Their private keys are stored
 * sealed, and are open in this process's memory only.
 */
export class CertificateAuthority {
  #active: ActiveIssuer | undefined;

  constructor(
    private readonly dataSource: DataSource,
    private readonly sealer: KeySealer,
    private readonly changes: PublishedChanges,
    private readonly now: () => number,
  ) {}

  /** Makes root and issuing certificate if there are none; of several processes one does. */
  async ensure(): Promise<void> {
    const root = await generateKeyPair({ algorithm: 'P-256' });
    const issuing = await generateKeyPair({ algorithm: 'P-256' });
    await this.changes.commit(async (change) => {
      await change.manager.query(`SELECT pg_advisory_xact_lock(hashtextextended('certificate-authority', 0))`);
      if (await this.#activeRow(change.manager)) return;
      const rootRow = await this.#add(change, 'root', root, undefined, 'CN=Sluice Root CA,O=Sluice', rootLifetime);
      const issuingRow = await this.#add(
        change,
        'issuing',
        issuing,
        { row: rootRow, pair: root },
        'CN=Sluice Issuing CA 1,O=Sluice',
        issuingLifetime,
      );
      change.event('issuing-ca.activated', issuingRow.id, {
        actor: 'key-management',
        issuingCa: { id: issuingRow.id, subject: 'CN=Sluice Issuing CA 1,O=Sluice', sha256: issuingRow.sha256 },
      });
    });
    await this.#load(this.dataSource.manager);
  }

  async #add(
    change: ChangeScope,
    kind: 'root' | 'issuing',
    pair: KeyPair,
    parent: { row: CertificateAuthorityRow; pair: KeyPair } | undefined,
    subject: string,
    lifetime: number,
  ): Promise<CertificateAuthorityRow> {
    const id = randomUUID();
    const name = parseDistinguishedName(subject);
    const publicKey = subjectPublicKeyInfo(pair.publicKey);
    const now = this.now();
    const { der } = issueCertificate(
      {
        subject: name,
        publicKey,
        notBefore: now - clockSkew,
        notAfter: now + lifetime,
        profile: { kind: 'certificate-authority', pathLength: kind === 'root' ? 1 : 0 },
      },
      parent
        ? {
            name: parseCertificate(parent.row.certificate).subject,
            privateKey: parent.pair.privateKey,
            publicKey: subjectPublicKeyInfo(parent.pair.publicKey),
          }
        : { name, privateKey: pair.privateKey, publicKey },
    );
    const row: CertificateAuthorityRow = {
      id,
      kind,
      parentId: parent?.row.id ?? null,
      certificate: Buffer.from(der),
      sha256: parseCertificate(der).sha256,
      sealedKey: this.sealer.seal(pair.privateKey.export({ type: 'pkcs8', format: 'der' }), owner(id)),
      status: 'active',
      version: String(await nextRecordVersion(change.manager, stateKey.ca(id))),
      createdAt: new Date(now),
    };
    await change.manager.insert(certificateAuthoritySchema, row);
    change.state(toCaRecord(row));
    return row;
  }

  #activeRow(manager: EntityManager): Promise<CertificateAuthorityRow | null> {
    return manager.findOneBy(certificateAuthoritySchema, { kind: 'issuing', status: 'active' });
  }

  async #load(manager: EntityManager): Promise<ActiveIssuer> {
    const row = await this.#activeRow(manager);
    if (!row) throw new SluiceError('unavailable', 'There is no active issuing CA.');
    if (this.#active?.id === row.id) return this.#active;
    const root = await manager.findOneByOrFail(certificateAuthoritySchema, { id: row.parentId as string });
    this.#active = {
      id: row.id,
      certificate: parseCertificate(row.certificate),
      root: parseCertificate(root.certificate),
      privateKey: createPrivateKey({
        key: this.sealer.open(row.sealedKey, owner(row.id)),
        format: 'der',
        type: 'pkcs8',
      }),
    };
    return this.#active;
  }

  /** Issues a client certificate with whichever CA certificate is active in this transaction. It never outlives its issuer. */
  async issue(manager: EntityManager, request: LeafRequest): Promise<IssuedLeaf> {
    const issuer = await this.#load(manager);
    const now = this.now();
    const { der } = issueCertificate(
      {
        subject: parseDistinguishedName(request.subject),
        publicKey: request.publicKey,
        notBefore: now - clockSkew,
        notAfter: Math.min(now + request.validityDays * day, issuer.certificate.notAfter),
        profile: { kind: 'client' },
      },
      { name: issuer.certificate.subject, privateKey: issuer.privateKey, publicKey: issuer.certificate.spki },
    );
    const certificate = parseCertificate(der);
    return { certificate, issuedBy: issuer.id, chain: [certificate, issuer.certificate, issuer.root] };
  }

  /** The CA certificates above a leaf that one of ours issued, nearest first. */
  async chainAbove(manager: EntityManager, issuedBy: string): Promise<Certificate[]> {
    const chain: Certificate[] = [];
    for (let id: string | null = issuedBy; id;) {
      const row: CertificateAuthorityRow = await manager.findOneByOrFail(certificateAuthoritySchema, { id });
      chain.push(parseCertificate(row.certificate));
      id = row.parentId;
    }
    return chain;
  }
}
