import {
  authenticateClient,
  tokenAudiences,
  verifyAccess,
  verifyCertificate,
  type AccessVerdict,
  type RequestOf,
  type Verdict,
} from '@sluice/contracts';
import { refuseAccess, type Dependency, type Position } from '@sluice/domain';
import { askAgain, type Requester } from './ask-again.js';
import type { Caller, CallerCertificate, SecretCaller, TokenCaller } from './caller.js';
import type { PermittedCaller } from './permit-cache.js';

/** Everything that the verifier said of what was shown. */
export interface VerifierEvidence {
  readonly verdict?: Verdict;
  /** Of a token or a secret. */
  readonly access?: AccessVerdict;
}

/** What was shown, as the verifier judged it. */
export interface JudgedCaller {
  readonly outcome: 'accepted' | 'refused';
  /** When refused: the code. */
  readonly refusal: string;
  readonly asOf: Position;
  readonly dependencies: readonly Dependency[];
  /** Milliseconds since 1970. */
  readonly validUntilMs: number;
  /** Canonical names of a certificate. */
  readonly names: { readonly subject: string; readonly issuer: string };
  readonly serviceInstanceId: string;
  /** The roles that its token is narrowed to. */
  readonly scope?: readonly string[] | undefined;
  readonly caller: PermittedCaller;
  readonly evidence: VerifierEvidence;
  readonly checks: Verdict['checks'];
}

/** A secret that is nobody's rests on no record, and so nothing of it is kept. */
export type Judgement =
  | JudgedCaller
  | { readonly outcome: 'unknown-secret'; readonly reason: string; readonly sentence: string }
  | { readonly outcome: 'delayed'; readonly retryAfterSeconds: number }
  | { readonly outcome: 'other-caller' };

/** Has the verifier judge what a caller shows. */
export class JudgeCaller {
  constructor(private readonly requests: Requester) {}

  /** @throws SluiceError when it cannot be judged now */
  execute(caller: Caller, byNames: boolean, minimum: Position): Promise<Judgement> {
    if ('token' in caller) return this.#token(caller, minimum);
    return 'secret' in caller ? this.#secret(caller, minimum) : this.#certificate(caller, byNames, minimum);
  }

  async #certificate(certificate: CallerCertificate, byNames: boolean, minimum: Position): Promise<Judgement> {
    const verdict = await askAgain(this.requests, verifyCertificate, {
      ...sent(certificate),
      lookUp: byNames ? 'names' : 'service-key',
      minimum,
    });
    if (verdict.sha256 !== certificate.sha256) return { outcome: 'other-caller' };
    return {
      outcome: verdict.outcome,
      refusal: verdict.refusal ?? 'refused',
      asOf: verdict.asOf,
      dependencies: verdict.dependencies,
      validUntilMs: verdict.validUntilMs,
      names: { subject: verdict.subject ?? '', issuer: verdict.issuer ?? '' },
      serviceInstanceId: verdict.serviceInstanceId ?? '',
      caller: { ...namesOf(verdict), certificateSha256: verdict.sha256 },
      evidence: { verdict },
      checks: verdict.checks,
    };
  }

  async #token({ token, certificate }: TokenCaller, minimum: Position): Promise<Judgement> {
    const access = await askAgain(this.requests, verifyAccess, {
      shown: { kind: 'token', token, audience: tokenAudiences.flows },
      ...(certificate ? { certificate: sent(certificate) } : {}),
      minimum,
    });
    const boundTo = access.token?.boundTo;
    if (access.outcome === 'accepted' && boundTo !== undefined && boundTo !== certificate?.sha256)
      return { outcome: 'other-caller' };
    return judgedAccess(access, certificate);
  }

  async #secret({ clientId, secret, address }: SecretCaller, minimum: Position): Promise<Judgement> {
    // Once: what may have been counted as a wrong secret is not said again, and it takes its time (scrypt).
    const client = await this.requests.call(authenticateClient, { clientId, secret, address });
    if (client.outcome === 'delayed') return client;
    if (client.outcome === 'refused') {
      const { code, sentence } = refuseAccess('wrong-secret');
      return { outcome: 'unknown-secret', reason: code, sentence };
    }
    const access = await askAgain(this.requests, verifyAccess, {
      shown: { kind: 'secret', secretId: client.secretId },
      minimum,
    });
    if (access.outcome === 'accepted' && access.serviceKeyId !== client.serviceKeyId)
      return { outcome: 'other-caller' };
    return judgedAccess(access, undefined);
  }
}

function judgedAccess(access: AccessVerdict, certificate: CallerCertificate | undefined): JudgedCaller {
  const secret = access.dependencies.find(({ key }) => key.startsWith(secretPrefix));
  return {
    outcome: access.outcome,
    refusal: access.refusal ?? 'refused',
    asOf: access.asOf,
    dependencies: access.dependencies,
    validUntilMs: access.validUntilMs,
    names: { subject: '', issuer: '' },
    serviceInstanceId: access.serviceInstanceId ?? '',
    scope: access.scope,
    caller: {
      ...namesOf(access),
      ...(certificate ? { certificateSha256: certificate.sha256 } : {}),
      ...(access.token
        ? { token: { id: access.token.id, ...(access.token.boundTo ? { boundTo: access.token.boundTo } : {}) } }
        : {}),
      ...(secret ? { secretId: secret.key.slice(secretPrefix.length) } : {}),
    },
    evidence: { access },
    checks: access.checks,
  };
}

const secretPrefix = 'secret.';

function sent(certificate: CallerCertificate): Pick<RequestOf<typeof verifyCertificate>, 'leaf' | 'chain'> {
  return {
    leaf: Buffer.from(certificate.leaf).toString('base64'),
    chain: certificate.chain().map((der) => Buffer.from(der).toString('base64')),
  };
}

function namesOf(verdict: Verdict | AccessVerdict): PermittedCaller {
  return {
    subjectdn: verdict.subjectdn ?? '',
    ...(verdict.serviceKeyId ? { serviceKeyId: verdict.serviceKeyId } : {}),
    ...(verdict.serviceKeyName ? { serviceKeyName: verdict.serviceKeyName } : {}),
    ...(verdict.serviceInstanceId ? { serviceInstanceId: verdict.serviceInstanceId } : {}),
  };
}
