import { type CertificateRefusal } from '@sluice/domain';
import { type AlgorithmPolicy } from '../algorithm/algorithm-policy.js';
import { type SignatureCache } from '../algorithm/signature-cache.js';
import { type Certificate } from '../certificate/certificate.js';
import { type ExtendedKeyUsageName, type KeyUsageBit } from '../certificate/decode-extensions.js';
import { type RevocationInputs } from '../revocation/revocation-inputs.js';
import { type Budget, type Spending } from './budget.js';
import { type DeferredSignatures } from './deferred-signatures.js';
import { type TrustAnchor } from './trust-anchor.js';

/** The inputs of RFC 5280 6.1.1 (c), (e), (f), (g). */
export interface PolicyInputs {
  /** OIDs; default anyPolicy. */
  readonly initialPolicySet?: readonly string[];
  readonly initialExplicitPolicy?: boolean;
  readonly initialPolicyMappingInhibit?: boolean;
  readonly initialInhibitAnyPolicy?: boolean;
}

export interface PathInput {
  readonly leaf: Certificate;
  /** Untrusted certificates in any order; what does not help is passed over. */
  readonly intermediates: readonly Certificate[];
  readonly anchors: readonly TrustAnchor[];
  /** The time to judge at, epoch milliseconds. */
  readonly at: number;
  /** A usage (name or OID) that the leaf, and every CA that has the extension, must allow. Absent: none is asked for. */
  readonly extendedKeyUsage?: ExtendedKeyUsageName | (string & {});
  /** Whether a leaf without the extension will do (RFC 5280: it is good for any use). Default `refuse`: the usage must be stated. */
  readonly absentExtendedKeyUsage?: 'accept' | 'refuse';
  /** Whether anyExtendedKeyUsage in the leaf will do. RFC 5280 4.2.1.12 allows to refuse, which is the default. In a CA it always will. */
  readonly anyExtendedKeyUsage?: 'accept' | 'refuse';
  /** A key usage that the leaf must allow (a leaf without the extension allows all): `digitalSignature` for TLS, RFC 8446 4.4.2.2. */
  readonly requiredKeyUsage?: KeyUsageBit;
  /** Most intermediates that are not self-issued; absent: no limit but the budget. */
  readonly maxDepth?: number;
  readonly policyInputs?: PolicyInputs;
  readonly algorithmPolicy?: AlgorithmPolicy;
  /** Absent: revocation is not checked. A function gives what holds for paths that end in an anchor; undefined: not checked. */
  readonly revocation?: RevocationInputs | ((anchor: TrustAnchor) => RevocationInputs | undefined);
  readonly budget?: Budget;
  /** Remembers signatures of CA certificates between judgements. */
  readonly signatureCache?: SignatureCache;
  /** Checks expensive signatures off the event loop: see `judgePathOffLoop`. */
  readonly deferredSignatures?: DeferredSignatures;
  /** What was spent so far, when this judgement is part of another (the path of a CRL issuer). */
  readonly spending?: Spending;
}

export type PathJudgement =
  | {
      readonly valid: true;
      /** Leaf first, anchor last. */
      readonly path: readonly Certificate[];
      readonly anchor: TrustAnchor;
      /** Epoch milliseconds, inclusive: the verdict holds until then (earliest notAfter, CRL nextUpdate). */
      readonly validUntil: number;
      /** The user-constrained policy set of RFC 5280 6.1.6. */
      readonly policies: readonly string[];
      /** Things worth telling although the path is valid: a CRL that was ignored and why. */
      readonly remarks: readonly string[];
    }
  | {
      readonly valid: false;
      /** Why the nearest path failed. */
      readonly refusal: CertificateRefusal;
      /** Why each path or candidate failed, nearest first; at most 16. */
      readonly attempts: readonly CertificateRefusal[];
      readonly remarks: readonly string[];
    };
