import {
  stateKey,
  type Check,
  type CredentialRecord,
  type DecodedRequestOf,
  type RootRevocation,
  type Verdict,
  type UnpinnedRecord,
  type verifyCertificate,
} from '@sluice/contracts';
import {
  canonicalDistinguishedName,
  formatDistinguishedName,
  hasReached,
  namesDigestInput,
  SluiceError,
  type Dependency,
  type Position,
} from '@sluice/domain';
import { AheadBudget, type StateEntry } from '@sluice/messaging';
import {
  CertificateCache,
  judgeOcspAnswer,
  judgePathOffLoop,
  MalformedCertificate,
  parseCertificate,
  senderCertificateRules,
  SignatureCache,
  type Certificate,
  type PathInput,
  type PathJudgement,
  type TrustAnchor,
} from '@sluice/pki';
import { hash } from 'node:crypto';
import { moveGuard, type GuardOutcome, type GuardStore, type PresentedCertificate } from './move-guard.js';
import type { AskResponder, OcspFailure } from '../revocation/ask-responder.js';
import { ListsNotLoaded, type RevocationSources } from '../revocation/revocation-sources.js';
import type { TrustList } from './trust-list.js';

/** The state a verdict rests on. */
export interface VerifierState {
  readonly position: Position | undefined;
  reach(minimum: Position, timeoutMs: number): Promise<boolean>;
  fetch<P extends 'credential' | 'unpinned'>(key: string): Promise<StateEntry<P>> | StateEntry<P>;
  readonly guards: GuardStore;
}

export type VerifyRequest = DecodedRequestOf<typeof verifyCertificate>;

/** How long a request waits for the state it asks to rest on. */
const maxWaitMs = 300;

/** Certificates with a bad chain for which records may be looked up all the same, per second: see ADR 28. */
const lookUpsWastedPerSecond = 32;

/** Judges a sender's certificate: its chain, its use, and the service key that holds it. */
export class VerifyCertificate {
  readonly #signatures = new SignatureCache();
  readonly #authorities = new CertificateCache();
  readonly #ahead: AheadBudget;

  constructor(
    private readonly state: VerifierState,
    private readonly trust: TrustList,
    private readonly revocation: { readonly sources: RevocationSources; readonly responder: AskResponder },
    private readonly verifier: string,
    private readonly now: () => number,
    monotonicNow: () => number = () => performance.now(),
  ) {
    this.#ahead = new AheadBudget(lookUpsWastedPerSecond, monotonicNow);
  }

  /**
   * @throws SluiceError `behind` when this process has not applied what the question is to rest on; `unavailable` when a
   * record cannot be fetched. It never guesses.
   */
  async execute(request: VerifyRequest): Promise<Verdict> {
    if (!(await this.state.reach(request.minimum, maxWaitMs))) throw behind(this.verifier);
    // As of what it was begun with: a change that comes while a responder is asked is not in the verdict.
    const asOf = this.state.position;
    if (!asOf || !hasReached(asOf, request.minimum)) throw behind(this.verifier);
    const judgement = await this.#judgeWhenLoaded(request);
    const {
      presented: _presented,
      records: _records,
      ...verdict
    } = request.lookUp === 'service-key' ? await this.#lookUpKey(judgement) : judgement;
    if (this.state.position?.epoch !== asOf.epoch) throw behind(this.verifier);
    return { ...verdict, asOf, verifier: this.verifier };
  }

  /** Waits a moment for CRLs that a record names and that are just being read. */
  async #judgeWhenLoaded(request: VerifyRequest): Promise<Judgement> {
    for (const deadline = performance.now() + maxWaitMs; ;) {
      try {
        return await this.#judge(request);
      } catch (error) {
        if (!(error instanceof ListsNotLoaded)) throw error;
        const left = deadline - performance.now();
        if (left <= 0 || !(await endsWithin(error.loaded, left))) throw behind(this.verifier);
      }
    }
  }

  async #judge(request: VerifyRequest): Promise<Judgement> {
    const leafDer = Buffer.from(request.leaf, 'base64');
    const at = this.now();
    const leaf = readCertificate(leafDer);
    if (!(typeof leaf === 'object' && 'der' in leaf)) {
      const sha256 = hash('sha256', leafDer, 'hex');
      return refused({ sha256, checks: [], dependencies: [] }, 'malformed', 'certificate', leaf, at);
    }
    const names = {
      sha256: leaf.sha256,
      subjectdn: formatDistinguishedName(leaf.subject),
      issuerdn: formatDistinguishedName(leaf.issuer),
      subject: canonicalDistinguishedName(leaf.subject),
      issuer: canonicalDistinguishedName(leaf.issuer),
      serialnumber: leaf.serialNumber,
      namesDigest: hash('sha256', namesDigestInput(leaf.subject, leaf.issuer), 'hex'),
    };
    const records = request.lookUp === 'service-key' ? this.#lookUpAhead(names) : undefined;
    const sent = request.chain.map((der) =>
      readCertificate(Buffer.from(der, 'base64'), (bytes) => this.#authorities.parse(bytes)),
    );
    const { result, unanswered } = await this.#judgePath({
      leaf,
      intermediates: [...sent.filter((certificate) => typeof certificate === 'object'), ...this.trust.intermediates],
      anchors: this.trust.anchors,
      at,
      ...senderCertificateRules,
      signatureCache: this.#signatures,
    });
    const base = { ...names, checks: [], dependencies: [] };
    if (!result.valid) {
      const { code, sentence, certificate } = result.refusal;
      const open = unanswered.find(({ certificateSha256 }) => certificateSha256 === certificate?.sha256);
      if (code === 'revocation-undetermined' && open) throw new SluiceError('unavailable', open.sentence);
      const check = code === 'revoked' || code === 'revocation-undetermined' ? 'revocation' : 'chain';
      const nearestMatch = nearestToChain(code, sentence);
      const named = { ...base, ...(nearestMatch ? { nearestMatch } : {}) };
      return refused(named, code, check, [sentence, ...reported(result.remarks)].join(' '), at);
    }
    const dependencies: Dependency[] = [];
    for (const certificate of result.path.slice(1)) {
      const standing = this.trust.standing(certificate.sha256);
      if (!standing) continue;
      dependencies.push(standing.dependency);
      if (standing.revoked) {
        return refused(
          { ...base, dependencies },
          'revoked',
          'chain',
          `The CA ${formatDistinguishedName(certificate.subject)} that issued it is revoked or retired: rotate the key.`,
          at,
        );
      }
    }
    const checks: Check[] = [
      {
        check: 'chain',
        ok: true,
        explanation: `The chain of ${result.path.length} certificates ends in the trusted root ${formatDistinguishedName(result.anchor.certificate.subject)}, and the certificate is for client authentication.`,
      },
    ];
    const policy = this.trust.revocationOf(result.anchor.certificate.sha256);
    if (policy) {
      const what = policy.scope === 'leaf' ? 'The certificate is' : 'The certificate and the CAs above it are';
      const how =
        policy.failure === 'hard'
          ? 'shown not to be revoked'
          : 'not known to be revoked, and an unknown status is let pass';
      checks.push({
        check: 'revocation',
        ok: true,
        explanation: [
          `${what} ${how}.`,
          ...unanswered.map((failure) => failure.sentence),
          ...reported(result.remarks),
        ].join(' '),
      });
    }
    const [, issuer] = result.path;
    return {
      ...names,
      ...(records ? { records } : {}),
      outcome: 'accepted',
      checks,
      dependencies,
      validUntilMs: result.validUntil,
      presented: { sha256: leaf.sha256, notBefore: leaf.notBefore, issuerKeySha256: (issuer ?? leaf).spkiSha256 },
    };
  }

  /**
   * Judges the path, first without OCSP: nobody is asked about a certificate whose path is not valid, and a responder's
   * address that stands in a certificate is not called unless a trusted root answers for it.
   */
  async #judgePath(
    input: Omit<PathInput, 'revocation'>,
  ): Promise<{ result: PathJudgement; unanswered: readonly OcspFailure[] }> {
    const inputsOf = (policy: RootRevocation | undefined) => policy && this.revocation.sources.inputsOf(policy);
    const policyOf = (anchor: TrustAnchor) => this.trust.revocationOf(anchor.certificate.sha256);
    const result = await judgePathOffLoop({
      ...input,
      revocation: (anchor) => {
        const policy = policyOf(anchor);
        return policy?.ocsp ? undefined : inputsOf(policy);
      },
    });
    if (!result.valid) return { result, unanswered: [] };
    const policy = policyOf(result.anchor);
    if (!policy?.ocsp) return { result, unanswered: [] };
    const known = this.revocation.sources.inputsOf(policy);
    const { answers, failures } = await this.revocation.responder.answersFor(result.path, {
      scope: policy.scope,
      ocsp: policy.ocsp,
      maximumAge: policy.maximumAgeMs,
      judge: (answer, certificate, issuer) =>
        judgeOcspAnswer({
          answer,
          certificate,
          issuer,
          issuers: result.path,
          at: this.now(),
          revocation: known,
        }),
    });
    const withAnswers = await judgePathOffLoop({
      ...input,
      revocation: (anchor) => {
        const inputs = inputsOf(policyOf(anchor));
        return inputs && { ...inputs, ocspAnswers: answers };
      },
    });
    if (!withAnswers.valid && withAnswers.refusal.code === 'revocation-undetermined')
      this.revocation.responder.forget(answers);
    return { result: withAnswers, unanswered: failures };
  }

  async #lookUpKey(judgement: Judgement): Promise<Judgement> {
    if (judgement.outcome === 'refused' || !judgement.namesDigest) return judgement;
    if (judgement.records) this.#ahead.needed();
    const [pinned, unpinned] = await (judgement.records ?? this.#fetchBoth(judgement.sha256, judgement.namesDigest));
    const found: Judgement = {
      ...judgement,
      dependencies: [...judgement.dependencies, ...[pinned, unpinned].map(({ key, sequence }) => ({ key, sequence }))],
    };
    const at = this.now();
    if (pinned.record && unpinned.record) {
      return refused(
        found,
        'conflicting-keys',
        'service-key',
        `The service keys ${pinned.record.serviceKeyName} (pinned) and ${unpinned.record.serviceKeyName} (not pinned) both fit this certificate: delete one of them.`,
        at,
      );
    }
    if (pinned.record) return this.#byPinned(found, pinned.record, at);
    if (unpinned.record) return this.#byUnpinned(found, unpinned.record, at);
    return refused(
      found,
      'no-service-key',
      'service-key',
      'No service key holds this certificate: add it as an external certificate, or issue a key.',
      at,
    );
  }

  /**
   * Looks the records up while the path is judged: they are not needed for a bad chain, and late for a good one. What
   * they are as of is in the verdict either way.
   */
  #lookUpAhead({ sha256, namesDigest }: { sha256: string; namesDigest: string }): Promise<KeyRecords> | undefined {
    if (!this.#ahead.take()) return undefined;
    const records = this.#fetchBoth(sha256, namesDigest);
    // Whoever needs them hears of it; nobody does after a bad chain.
    records.catch(() => undefined);
    return records;
  }

  async #fetchBoth(sha256: string, namesDigest: string): Promise<KeyRecords> {
    try {
      return await Promise.all([
        this.state.fetch<'credential'>(stateKey.credential(sha256)),
        this.state.fetch<'unpinned'>(stateKey.unpinned(namesDigest)),
      ]);
    } catch (error) {
      throw new SluiceError('unavailable', 'The record of the certificate cannot be fetched now.', undefined, {
        cause: error,
      });
    }
  }

  #byPinned(found: Judgement, record: CredentialRecord, at: number): Judgement {
    const key = keyOf(record);
    const ended = whyEnded(record, at);
    if (ended) return refused({ ...found, ...key }, ended.refusal, 'service-key', ended.explanation, at);
    return {
      ...found,
      ...key,
      checks: [
        ...found.checks,
        {
          check: 'service-key',
          ok: true,
          explanation: `The service key ${record.serviceKeyName} holds this certificate.`,
        },
      ],
      validUntilMs: Math.min(found.validUntilMs, record.notAfterMs, record.retiresAtMs ?? Number.POSITIVE_INFINITY),
    };
  }

  async #byUnpinned(found: Judgement, record: UnpinnedRecord, at: number): Promise<Judgement> {
    const named: Judgement = { ...found, ...keyOf(record) };
    if (record.status === 'revoked') {
      return refused(
        named,
        'key-revoked',
        'service-key',
        `The service key ${record.serviceKeyName} is revoked: issue a new one.`,
        at,
      );
    }
    if (!found.presented) throw new Error('An accepted certificate without what was presented.');
    let guarded: GuardOutcome;
    try {
      guarded = await moveGuard(this.state.guards, record, found.presented);
    } catch (error) {
      throw new SluiceError('unavailable', 'The guard of the unpinned key cannot be read or moved now.', undefined, {
        cause: error,
      });
    }
    if (guarded.outcome === 'contended')
      throw new SluiceError('overloaded', 'The guard of the unpinned key is being moved by others: try again.');
    const resting = { ...named, dependencies: [...named.dependencies, guarded.dependency] };
    if (guarded.outcome === 'refused') return refused(resting, guarded.refusal, 'service-key', guarded.explanation, at);
    return {
      ...resting,
      checks: [
        ...found.checks,
        {
          check: 'service-key',
          ok: true,
          explanation: `The service key ${record.serviceKeyName}, which is not pinned, has its subject and issuer.`,
        },
      ],
    };
  }
}

/** What was passed over while the status was looked for (attacks 24, 25): told to the administrator. */
function reported(remarks: readonly string[]): string[] {
  return remarks.map((remark) => `${remark.charAt(0).toUpperCase()}${remark.slice(1)}.`);
}

async function endsWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), ms)));
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

function keyOf(record: CredentialRecord | UnpinnedRecord) {
  return {
    serviceKeyId: record.serviceKeyId,
    serviceKeyName: record.serviceKeyName,
    serviceInstanceId: record.serviceInstanceId,
  };
}

/** A verdict in the making; what an unpinned key needs to know does not leave this service. */
interface Judgement extends Omit<Verdict, 'asOf' | 'verifier'> {
  readonly presented?: PresentedCertificate;
  /** Looked up already, or being so. */
  readonly records?: Promise<KeyRecords>;
}
/** Of the pinned key that holds the certificate, and of the key that is not pinned and has its names. */
type KeyRecords = readonly [StateEntry<'credential'>, StateEntry<'unpinned'>];
type Names = Omit<Judgement, 'outcome' | 'validUntilMs'>;

/** A refusal holds at the moment it is given: it is not to be kept. */
function refused(names: Names, refusal: string, check: string, explanation: string, at: number): Judgement {
  return {
    ...names,
    outcome: 'refused',
    refusal,
    validUntilMs: at,
    checks: [...names.checks, { check, ok: false, explanation }],
  };
}

/** @returns the certificate, or why it cannot be read */
function readCertificate(der: Uint8Array, parse = parseCertificate): Certificate | string {
  try {
    return parse(der);
  } catch (error) {
    if (error instanceof MalformedCertificate) return error.message;
    throw error;
  }
}

/** How little was missing, for refusals where one thing would have made the chain good. */
function nearestToChain(code: string, sentence: string): string | undefined {
  switch (code) {
    case 'untrusted-root':
      return `The chain is complete, but its root is not trusted. ${sentence}`;
    case 'missing-client-auth':
    case 'missing-extended-key-usage':
      return `Only the extended key usage for client authentication is missing: public CAs stopped adding it. ${sentence}`;
    case 'expired':
      return `The certificate was good until it expired. ${sentence}`;
    default:
      return undefined;
  }
}

function whyEnded(record: CredentialRecord, at: number): { refusal: string; explanation: string } | undefined {
  if (record.status === 'revoked')
    return {
      refusal: 'key-revoked',
      explanation: `The service key ${record.serviceKeyName} is revoked: issue a new one.`,
    };
  if (record.retiresAtMs !== undefined && record.retiresAtMs <= at) {
    return {
      refusal: 'certificate-retired',
      explanation: `The service key ${record.serviceKeyName} was rotated, and this certificate ended on ${new Date(record.retiresAtMs).toISOString()}: use its successor.`,
    };
  }
  return undefined;
}

function behind(verifier: string): SluiceError {
  return new SluiceError('behind', `${verifier} has not yet applied the changes this question is to rest on.`);
}
