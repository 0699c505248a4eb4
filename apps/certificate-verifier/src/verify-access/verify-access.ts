import {
  stateKey,
  type AccessVerdict,
  type DecodedRequestOf,
  type SecretRecord,
  type verifyAccess,
} from '@sluice/contracts';
import {
  hasReached,
  refuseAccess,
  SluiceError,
  type AccessRefusal,
  type Dependency,
  type Position,
} from '@sluice/domain';
import { maxClockDeviationMs, type StateEntry } from '@sluice/messaging';
import { hash } from 'node:crypto';
import type { VerifyCertificate } from '../verify-certificate/verify-certificate.js';
import { readToken, type TokenClaims } from './read-token.js';
import { TokenKeys } from './token-keys.js';

type FetchedPrefix = 'secret' | 'token-key' | 'revoked-tokens' | 'credential' | 'instance';

/** The state a verdict rests on. */
export interface AccessState {
  readonly position: Position | undefined;
  reach(minimum: Position, timeoutMs: number): Promise<boolean>;
  /** A record of a prefix that is held whole is there at once. */
  fetch<P extends FetchedPrefix>(key: string): Promise<StateEntry<P>> | StateEntry<P>;
}

export type AccessRequest = DecodedRequestOf<typeof verifyAccess>;
type ShownToken = Extract<AccessRequest['shown'], { kind: 'token' }>;
type SentCertificate = NonNullable<AccessRequest['certificate']>;

/** How long a request waits for the state it asks to rest on. */
const maxWaitMs = 300;

/** No record has such an id: a dot or a wildcard in it would name another one. */
const recordId = /^[A-Za-z0-9_-]{1,128}$/;

/** Judges an access token by the key that signed it and by the records it names, or a secret by its record (ADR 52). */
export class VerifyAccess {
  readonly #keys = new TokenKeys();

  constructor(
    private readonly state: AccessState,
    private readonly certificates: Pick<VerifyCertificate, 'execute'>,
    private readonly verifier: string,
    private readonly now: () => number,
  ) {}

  /**
   * @throws SluiceError `behind` when this process has not applied what the question is to rest on; `unavailable` when a
   * record cannot be fetched. It never guesses.
   */
  async execute(request: AccessRequest): Promise<AccessVerdict> {
    if (!(await this.state.reach(request.minimum, maxWaitMs))) throw behind(this.verifier);
    // As of what it was begun with: a change that comes while it is judged is not in the verdict.
    const asOf = this.state.position;
    if (!asOf || !hasReached(asOf, request.minimum)) throw behind(this.verifier);
    const { shown } = request;
    const findings =
      shown.kind === 'token' ? await this.#judgeToken(shown, request) : await this.#judgeSecret(shown.secretId);
    if (this.state.position?.epoch !== asOf.epoch) throw behind(this.verifier);
    return { ...findings, asOf, verifier: this.verifier };
  }

  async #judgeToken(shown: ShownToken, request: AccessRequest): Promise<Findings> {
    const found = new Found(this.now());
    const read = readToken(shown.token);
    if ('code' in read) return found.refuse(read);
    const { claims } = read;
    const { record: key } = found.restOn(await this.#fetch<'token-key'>(stateKey.tokenKey(read.kid)));
    // One that is prepared is known ahead, here as to resource servers of others: what it signs is good from the first moment on.
    if (!key) return found.refuse(refuseAccess('token-key-unknown'));
    if (key.endsAtMs !== undefined && found.endsAt(key.endsAtMs))
      return found.refuse(refuseAccess('token-key-ended', { endedAt: timeOf(key.endsAtMs) }));
    if (!(await this.#keys.signed(key, read))) return found.refuse(refuseAccess('token-signature'));
    found.passed('token', 'The access token was signed by a key of ours.');
    found.about({
      token: {
        id: claims.jti,
        issuedAt: claims.iat,
        expiresAt: claims.exp,
        ...(claims.cnf ? { boundTo: boundTo(claims) } : {}),
      },
      serviceKeyId: claims.service_key,
      serviceInstanceId: claims.service_instance,
      scope: scopeOf(claims),
    });
    const wrong = this.#judgeClaims(claims, key.issuer, shown.audience, found);
    if (wrong) return found.refuse(wrong);
    if (!recordId.test(claims.service_key)) return found.refuse(refuseAccess('token-other-key'));
    const revoked = found.restOn(await this.#fetch<'revoked-tokens'>(stateKey.revokedTokens(claims.service_key)));
    if (revoked.record?.tokens.some(({ id }) => id === claims.jti)) return found.refuse(refuseAccess('token-revoked'));
    return shown.introspection ? this.#judgeWithoutCaller(claims, found) : this.#judgeGrounds(claims, request, found);
  }

  /** RFC 9068 §4. To the end of a token no skew is added: it may be used a moment less, never more. */
  #judgeClaims(claims: TokenClaims, issuer: string, audience: string, found: Found): AccessRefusal | undefined {
    if (claims.iss !== issuer) return refuseAccess('token-issuer');
    if (claims.aud !== audience) return refuseAccess('token-audience', { wanted: audience });
    if (found.endsAt(claims.exp * 1_000))
      return refuseAccess('token-expired', { expiredAt: timeOf(claims.exp * 1_000) });
    const from = Math.max(claims.iat, claims.nbf ?? 0) * 1_000;
    // So far the clocks of two processes may differ before one of them decides nothing any more.
    if (from > found.at + maxClockDeviationMs) return refuseAccess('token-not-yet-valid', { from: timeOf(from) });
    return undefined;
  }

  async #judgeGrounds(claims: TokenClaims, { certificate, minimum }: AccessRequest, found: Found): Promise<Findings> {
    if (claims.cnf) {
      if (!certificate) return found.refuse(refuseAccess('token-without-certificate'));
      // RFC 8705 §3: of the certificate as it came.
      const sha256 = hash('sha256', Buffer.from(certificate.leaf, 'base64'), 'hex');
      if (sha256 !== boundTo(claims)) return found.refuse(refuseAccess('token-other-certificate'));
      found.passed('binding', 'The access token is bound to the certificate that came with it.');
    }
    if (claims.secret !== undefined) return this.#judgeSecretOf(claims, claims.secret, found);
    if (!claims.cnf || !certificate)
      return found.refuse(refuseAccess('token-malformed', { problem: 'it names neither a secret nor a certificate' }));
    return this.#judgeCertificate(claims, certificate, minimum, found);
  }

  /** The very certificate that the client was authenticated by, as it is judged when it comes alone. */
  async #judgeCertificate(
    claims: TokenClaims,
    certificate: SentCertificate,
    minimum: Position,
    found: Found,
  ): Promise<Findings> {
    const verdict = await this.certificates.execute({ ...certificate, lookUp: 'service-key', minimum });
    found.add(verdict);
    if (verdict.outcome === 'refused') return found.refuseAs(verdict.refusal ?? 'malformed', verdict.checks);
    if (verdict.serviceKeyId !== claims.service_key || verdict.serviceInstanceId !== claims.service_instance)
      return found.refuse(refuseAccess('token-other-key'));
    found.about({
      ...(verdict.subjectdn === undefined ? {} : { subjectdn: verdict.subjectdn }),
      ...(verdict.serviceKeyName === undefined ? {} : { serviceKeyName: verdict.serviceKeyName }),
    });
    return found.accept(verdict.checks);
  }

  async #judgeSecretOf(claims: TokenClaims, id: string, found: Found): Promise<Findings> {
    const refusal = await this.#judgeSecretRecord(id, found);
    if (refusal) return found.refuse(refusal);
    if (found.serviceKeyId !== claims.service_key || found.serviceInstanceId !== claims.service_instance)
      return found.refuse(refuseAccess('token-other-key'));
    return found.accept();
  }

  async #judgeSecret(id: string): Promise<Findings> {
    const found = new Found(this.now());
    if (!recordId.test(id)) return found.refuse(refuseAccess('secret-unknown'));
    const refusal = await this.#judgeSecretRecord(id, found);
    return refusal ? found.refuse(refusal) : found.accept();
  }

  async #judgeSecretRecord(id: string, found: Found): Promise<AccessRefusal | undefined> {
    const { record } = found.restOn(await this.#fetch<'secret'>(stateKey.secret(id)));
    if (!record) return refuseAccess('secret-unknown');
    const { serviceKeyId, serviceKeyName, serviceInstanceId } = record;
    found.about({ serviceKeyId, serviceKeyName, serviceInstanceId });
    const ended = whyEnded(record, found);
    if (!ended) found.passed('service-key', `The secret is one of the service key ${serviceKeyName}.`);
    return ended;
  }

  /**
   * For a resource server that asks by introspection (RFC 7662): the caller's certificate is not here, and whoever asks compares
   * `cnf` by itself (RFC 8705 §3.2). What can be told without the certificate is: the credential record of a pinned key. Of a key that is
   * not pinned it cannot, and so it is not told. The scope is what is left of it now.
   */
  async #judgeWithoutCaller(claims: TokenClaims, found: Found): Promise<Findings> {
    const findings =
      claims.secret !== undefined
        ? await this.#judgeSecretOf(claims, claims.secret, found)
        : await this.#judgeCredentialOf(claims, found);
    if (findings.outcome === 'refused') return findings;
    if (!recordId.test(claims.service_instance)) return found.refuse(refuseAccess('token-other-key'));
    const { record } = found.restOn(await this.#fetch<'instance'>(stateKey.instance(claims.service_instance)));
    if (!record) return found.refuse(refuseAccess('token-other-key'));
    found.about({ scope: scopeOf(claims).filter((role) => record.roles.includes(role)) });
    return found.accept();
  }

  async #judgeCredentialOf(claims: TokenClaims, found: Found): Promise<Findings> {
    if (!claims.cnf)
      return found.refuse(refuseAccess('token-malformed', { problem: 'it names neither a secret nor a certificate' }));
    const { record } = found.restOn(await this.#fetch<'credential'>(stateKey.credential(boundTo(claims))));
    if (record?.serviceKeyId !== claims.service_key || record.serviceInstanceId !== claims.service_instance)
      return found.refuse(refuseAccess('token-other-key'));
    if (record.status === 'revoked') return found.refuseAs('key-revoked');
    if (found.endsAt(Math.min(record.notAfterMs, record.retiresAtMs ?? Number.POSITIVE_INFINITY)))
      return found.refuseAs('certificate-retired');
    found.about({ serviceKeyName: record.serviceKeyName });
    return found.accept();
  }

  async #fetch<P extends FetchedPrefix>(key: string): Promise<StateEntry<P>> {
    try {
      return await this.state.fetch<P>(key);
    } catch (error) {
      throw new SluiceError('unavailable', 'A record that the access rests on cannot be fetched now.', undefined, {
        cause: error,
      });
    }
  }
}

type Findings = Omit<AccessVerdict, 'asOf' | 'verifier'>;
type About = Pick<
  AccessVerdict,
  'serviceKeyId' | 'serviceKeyName' | 'serviceInstanceId' | 'subjectdn' | 'scope' | 'token'
>;

/** What has been found out on the way to a verdict: whom it is about, what it rests on, and when it ends by the clock. */
class Found {
  readonly #dependencies: Dependency[] = [];
  readonly #checks: AccessVerdict['checks'] = [];
  #about: About = {};
  #validUntilMs = Number.POSITIVE_INFINITY;

  /** @param at milliseconds since 1970: the moment that is judged */
  constructor(readonly at: number) {}

  get serviceKeyId(): string | undefined {
    return this.#about.serviceKeyId;
  }

  get serviceInstanceId(): string | undefined {
    return this.#about.serviceInstanceId;
  }

  /** A record that was looked at, present or not. */
  restOn<E extends Dependency>(entry: E): E {
    this.#dependencies.push({ key: entry.key, sequence: entry.sequence });
    return entry;
  }

  /** What a verdict on the certificate rests on. */
  add({ dependencies, validUntilMs }: Pick<AccessVerdict, 'dependencies' | 'validUntilMs'>): void {
    this.#dependencies.push(...dependencies);
    this.#validUntilMs = Math.min(this.#validUntilMs, validUntilMs);
  }

  about(about: About): void {
    this.#about = { ...this.#about, ...about };
  }

  passed(check: string, explanation: string): void {
    this.#checks.push({ check, ok: true, explanation });
  }

  /** Something ends at this time. @returns whether it has */
  endsAt(time: number): boolean {
    this.#validUntilMs = Math.min(this.#validUntilMs, time);
    return time <= this.at;
  }

  accept(checks: AccessVerdict['checks'] = []): Findings {
    return {
      ...this.#about,
      outcome: 'accepted',
      checks: [...this.#checks, ...checks],
      dependencies: this.#dependencies,
      // JSON has no infinity; a secret may have no end.
      validUntilMs: Math.min(this.#validUntilMs, Number.MAX_SAFE_INTEGER),
    };
  }

  refuse({ code, sentence }: AccessRefusal): Findings {
    return this.refuseAs(code, [
      { check: code.startsWith('token') ? 'token' : 'service-key', ok: false, explanation: sentence },
    ]);
  }

  /** A refusal holds at the moment it is given: it is not to be kept. */
  refuseAs(refusal: string, checks: AccessVerdict['checks'] = []): Findings {
    return {
      ...this.#about,
      outcome: 'refused',
      refusal,
      checks: [...this.#checks, ...checks],
      dependencies: this.#dependencies,
      validUntilMs: this.at,
    };
  }
}

function whyEnded(record: SecretRecord, found: Found): AccessRefusal | undefined {
  const { serviceKeyName: key, status, retiresAtMs, notAfterMs } = record;
  if (status === 'revoked') return refuseAccess('secret-revoked', { key });
  if (retiresAtMs !== undefined && found.endsAt(retiresAtMs))
    return refuseAccess('secret-retired', { key, endedAt: timeOf(retiresAtMs) });
  if (notAfterMs !== undefined && found.endsAt(notAfterMs))
    return refuseAccess('secret-expired', { key, endedAt: timeOf(notAfterMs) });
  return undefined;
}

/** SHA-256 of the certificate, hex as in our records. */
function boundTo({ cnf }: TokenClaims): string {
  return Buffer.from(cnf?.['x5t#S256'] ?? '', 'base64url').toString('hex');
}

function scopeOf({ scope = '' }: TokenClaims): string[] {
  return scope.split(' ').filter((role) => role !== '');
}

function timeOf(ms: number): string {
  return Number.isFinite(ms) && Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms);
}

function behind(verifier: string): SluiceError {
  return new SluiceError('behind', `${verifier} has not yet applied the changes this question is to rest on.`);
}
