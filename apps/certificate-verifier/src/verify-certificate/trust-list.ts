import type { CaRecord, RootRecord, RootRevocation } from '@sluice/contracts';
import type { Dependency } from '@sluice/domain';
import { parseCertificate, trustAnchor, type Certificate, type TrustAnchor } from '@sluice/pki';
import type { StateEntry } from '@sluice/messaging';

/** What the trust list is read from: the records that are held whole, in their newest state. */
export interface TrustRecords {
  heldOf(prefix: 'root'): Iterable<StateEntry<'root'> & { record: RootRecord }>;
  heldOf(prefix: 'ca'): Iterable<StateEntry<'ca'> & { record: CaRecord }>;
}

interface OwnAuthority {
  readonly record: CaRecord;
  readonly dependency: Dependency;
}

interface TrustedRoot {
  readonly dependency: Dependency;
  readonly revocation: RootRevocation | undefined;
}

/**
 * The trusted roots and our own CA certificates, parsed once until one of them changes. Nothing else is ever trusted, the
 * system's roots least of all.
 */
export class TrustList {
  #current:
    | {
        anchors: TrustAnchor[];
        intermediates: Certificate[];
        own: Map<string, OwnAuthority>;
        roots: Map<string, TrustedRoot>;
      }
    | undefined;

  constructor(
    private readonly records: TrustRecords,
    private readonly onFault: (error: unknown, what: string) => void,
  ) {}

  /** To be called when a `root` or `ca` record changed. */
  forget(): void {
    this.#current = undefined;
  }

  get anchors(): readonly TrustAnchor[] {
    return this.#load().anchors;
  }

  /** Issuing certificates of ours, for senders that do not send theirs. */
  get intermediates(): readonly Certificate[] {
    return this.#load().intermediates;
  }

  /** The record a CA certificate on a path stands on, when it is the anchor's or one of ours. */
  standing(sha256: string): { readonly dependency: Dependency; readonly revoked: boolean } | undefined {
    const { own, roots } = this.#load();
    const authority = own.get(sha256);
    if (authority) return { dependency: authority.dependency, revoked: hasEnded(authority.record) };
    const root = roots.get(sha256);
    return root && { dependency: root.dependency, revoked: false };
  }

  /** How certificates below an anchor are checked for revocation; undefined: they are not. */
  revocationOf(sha256: string): RootRevocation | undefined {
    return this.#load().roots.get(sha256)?.revocation;
  }

  /** Every policy in force. */
  get revocations(): readonly RootRevocation[] {
    return [...this.#load().roots.values()].flatMap(({ revocation }) => revocation ?? []);
  }

  #load() {
    if (this.#current) return this.#current;
    const anchors = new Map<string, TrustAnchor>();
    const intermediates: Certificate[] = [];
    const own = new Map<string, OwnAuthority>();
    const roots = new Map<string, TrustedRoot>();
    for (const { key, sequence, record } of this.records.heldOf('ca')) {
      const certificate = this.#parse(key, record.certificate);
      if (!certificate) continue;
      own.set(certificate.sha256, { record, dependency: { key, sequence } });
      if (record.kind === 'root' && !hasEnded(record)) anchors.set(certificate.sha256, trustAnchor(certificate));
      if (record.kind === 'issuing') intermediates.push(certificate);
    }
    for (const { key, sequence, record } of this.records.heldOf('root')) {
      const certificate = this.#parse(key, record.certificate);
      if (!certificate) continue;
      roots.set(certificate.sha256, { dependency: { key, sequence }, revocation: record.revocation });
      anchors.set(certificate.sha256, trustAnchor(certificate));
    }
    this.#current = { anchors: [...anchors.values()], intermediates, own, roots };
    return this.#current;
  }

  #parse(key: string, base64: string): Certificate | undefined {
    try {
      return parseCertificate(Buffer.from(base64, 'base64'));
    } catch (error) {
      this.onFault(error, `reading the certificate of ${key}`);
      return undefined;
    }
  }
}

/** Retired ones are refused like revoked ones: a sender may send them along, below a root that is trusted for others. */
function hasEnded({ status }: CaRecord): boolean {
  return status === 'revoked' || status === 'retired';
}
