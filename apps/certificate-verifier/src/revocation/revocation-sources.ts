import type { RootRevocation } from '@sluice/contracts';
import {
  parseCertificate,
  parseCertificateList,
  parseLongCertificateList,
  type Certificate,
  type CertificateList,
  type RevocationInputs,
} from '@sluice/pki';

/** Thrown where a CRL that a record names has not been read yet; `loaded` ends when that has been tried once more. */
export class ListsNotLoaded extends Error {
  override readonly name = 'ListsNotLoaded';
  constructor(readonly loaded: Promise<unknown>) {
    super('The CRLs that the record of the root names have not been read yet.');
  }
}

interface HeldList {
  list?: CertificateList;
  loading?: Promise<void>;
  needed: boolean;
  readonly since: number;
}

const retryMs = 1_000;
/** A CRL read ahead of the record that names it is dropped when that has not come after so long. */
const readAheadMs = 120_000;

/** The CRLs in force, parsed: short ones come in the record of their root, long ones are read once from the object store. */
export class RevocationSources {
  readonly #held = new Map<string, HeldList>();
  readonly #inputs = new WeakMap<RootRevocation, RevocationInputs>();

  /** @param read the content of a CRL by its SHA-256 */
  constructor(
    private readonly read: (sha256: string) => Promise<Uint8Array>,
    private readonly onFault: (error: unknown, what: string) => void,
    private readonly now: () => number,
  ) {}

  /** Told which policies are in force: begins to read what they name, and lets go of what none names any more. */
  need(revocations: readonly RootRevocation[]): void {
    const named = new Set(
      revocations.flatMap(({ lists }) => lists.filter(({ der }) => !der).map(({ sha256 }) => sha256)),
    );
    for (const [sha256, held] of this.#held) {
      held.needed = named.has(sha256);
      if (!held.needed && this.now() - held.since > readAheadMs) this.#held.delete(sha256);
    }
    for (const sha256 of named) this.#hold(sha256).needed = true;
  }

  /** Reads a long CRL before a record names it. */
  readAhead(sha256: string): void {
    this.#hold(sha256);
  }

  /**
   * What is known of revocation under a policy.
   * @throws ListsNotLoaded
   */
  inputsOf(revocation: RootRevocation): RevocationInputs {
    const known = this.#inputs.get(revocation);
    if (known) return known;
    const inputs: RevocationInputs = {
      crls: revocation.lists.flatMap(({ sha256, der }) =>
        der === undefined ? this.#loaded(sha256) : this.#parse(sha256, der),
      ),
      failure: revocation.failure,
      scope: revocation.scope,
      ...(revocation.maximumAgeMs === undefined ? {} : { maximumAge: revocation.maximumAgeMs }),
      clockSkew: revocation.clockSkewMs,
      issuerCertificates: revocation.issuers.flatMap((der) => this.#parseIssuer(der)),
    };
    this.#inputs.set(revocation, inputs);
    return inputs;
  }

  /** Not in force, as if it were not there, when it cannot be read: then `hard` refuses what it would speak of. */
  #parse(sha256: string, der: string): CertificateList[] {
    try {
      return [parseCertificateList(Buffer.from(der, 'base64'))];
    } catch (error) {
      this.onFault(error, `reading the CRL ${sha256}`);
      return [];
    }
  }

  /** One that an older version took and that cannot be read signs nothing, and shuts nobody out by itself. */
  #parseIssuer(der: string): Certificate[] {
    try {
      return [parseCertificate(Buffer.from(der, 'base64'))];
    } catch (error) {
      this.onFault(error, 'reading the certificate of an issuer of CRLs or OCSP answers');
      return [];
    }
  }

  #loaded(sha256: string): CertificateList {
    const held = this.#hold(sha256);
    if (held.list) return held.list;
    throw new ListsNotLoaded(held.loading ?? Promise.resolve());
  }

  #hold(sha256: string): HeldList {
    let held = this.#held.get(sha256);
    if (!held) this.#held.set(sha256, (held = { needed: false, since: this.now() }));
    if (!held.list && !held.loading) held.loading = this.#load(sha256, held);
    return held;
  }

  async #load(sha256: string, held: HeldList): Promise<void> {
    try {
      held.list = await parseLongCertificateList(await this.read(sha256));
    } catch (error) {
      this.onFault(error, `reading the CRL ${sha256}`);
      if (held.needed) setTimeout(() => this.#held.get(sha256) === held && this.#hold(sha256), retryMs).unref();
    } finally {
      delete held.loading;
    }
  }
}
