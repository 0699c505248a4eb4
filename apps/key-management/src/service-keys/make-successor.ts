import type { ServiceKeyParameters } from '@sluice/contracts';
import { invalidArgument, SluiceError } from '@sluice/domain';
import type { Certificate } from '@sluice/pki';
import type { ChangeScope } from '@sluice/service-shell';
import type { CertificateAuthority } from '../issuing-cas/certificate-authority.js';
import { addPinnedCredential } from './add-credential.js';
import { readCertificationRequest, requireUnusedPublicKey } from './read-certification-request.js';
import type { CertificateWarning } from './certificate-warning.js';
import { judgeExternalCertificate, readExternalCertificate } from './read-external-certificate.js';
import { makeSenderKeyPair, senderSubject } from './sender-key-pair.js';
import type { CredentialRow } from './credential.entity.js';
import type { ServiceInstanceRow } from '../service-instances/service-instance.entity.js';
import type { ServiceKeyRow } from './service-key.entity.js';

/** What a rotation may bring, besides its options: which of them is right depends on the type of the key. */
export interface SuccessorMaterial {
  readonly 'certificate-request'?: string | undefined;
  readonly 'X.509'?: string | undefined;
}

export interface Successor {
  readonly held: CredentialRow;
  /** Leaf first. */
  readonly chain: readonly Certificate[];
  readonly privateKeyPem?: string;
  /** Of the key from now on: they show what its newest certificate was made from. */
  readonly parameters: ServiceKeyParameters;
  /** Of an external certificate. */
  readonly warnings?: readonly CertificateWarning[];
}

/** Enters the successor in the transaction of the rotation. Key pairs are made before that. */
export type EnterSuccessor = (
  change: ChangeScope,
  key: ServiceKeyRow,
  instance: ServiceInstanceRow,
) => Promise<Successor>;

/**
 * Makes ready what a key of this type is rotated with.
 * @throws SluiceError `service-key-state` for a key that cannot be rotated, `invalid-argument`, `certificate-refused`
 */
export async function prepareSuccessor(
  key: ServiceKeyRow,
  material: SuccessorMaterial,
  authority: CertificateAuthority,
  now: () => number,
): Promise<EnterSuccessor> {
  requireRotatable(key);
  const { parameters } = key;
  switch (parameters['key-type']) {
    case 'certificate': {
      onlyMaterial(key, material, []);
      const pair = await makeSenderKeyPair(parameters);
      return async (change, row, instance) => {
        const issued = await authority.issue(change.manager, {
          subject: senderSubject(row, instance),
          publicKey: pair.publicKey,
          validityDays: parameters.validity,
        });
        const held = await addPinnedCredential(change, row, issued.certificate, issued.issuedBy, now());
        return { held, chain: issued.chain, privateKeyPem: pair.privateKeyPem, parameters };
      };
    }
    case 'certificate_request': {
      const pem = onlyMaterial(key, material, ['certificate-request']);
      const requested = readCertificationRequest(pem, 'certificate-request');
      return async (change, row, instance) => {
        await requireUnusedPublicKey(change, requested.publicKeySha256);
        const issued = await authority.issue(change.manager, {
          subject: senderSubject(row, instance, requested.commonName),
          publicKey: requested.publicKey,
          validityDays: parameters.validity,
        });
        const held = await addPinnedCredential(change, row, issued.certificate, issued.issuedBy, now());
        return { held, chain: issued.chain, parameters: { ...parameters, 'certificate-request': pem } };
      };
    }
    case 'certificate_external': {
      const pem = onlyMaterial(key, material, ['X.509']);
      const certificate = readExternalCertificate(pem, 'X.509');
      return async (change, row) => {
        const warnings = await judgeExternalCertificate(change.manager, certificate, now());
        const held = await addPinnedCredential(change, row, certificate, null, now());
        return { held, chain: [certificate], parameters: { ...parameters, 'X.509': pem }, warnings };
      };
    }
    case 'client_secret':
      throw new Error('A secret is not rotated as a certificate.');
  }
}

/** @throws SluiceError `service-key-state` */
export function requireRotatable(key: ServiceKeyRow): void {
  const refuse = (message: string) => {
    throw new SluiceError('service-key-state', message);
  };
  if (key.status !== 'active') refuse(`The service key ${key.name} is revoked: make a new one.`);
  if (key.parameters['key-type'] === 'certificate_external' && !key.parameters['pin-certificate'])
    refuse(
      `The service key ${key.name} is not pinned: the sender's renewed certificate with the same names is taken by itself.`,
    );
}

/**
 * The material that goes with a key's type, and no other.
 * @throws SluiceError `invalid-argument`
 */
export function onlyMaterial(
  key: ServiceKeyRow,
  material: SuccessorMaterial,
  wanted: readonly (keyof SuccessorMaterial)[],
): string {
  const names = ['certificate-request', 'X.509'] as const;
  const violations = names
    .filter((name) => material[name] !== undefined && !wanted.includes(name))
    .map((name) => ({ field: name, message: `does not belong to the rotation of a key of type ${key.keyType}` }));
  const [name] = wanted;
  const value = name === undefined ? '' : material[name];
  if (name !== undefined && (typeof value !== 'string' || value.trim() === '')) {
    const what = name === 'X.509' ? "the sender's new certificate" : 'a new PKCS#10 certification request';
    violations.push({ field: name, message: `must be ${what} in PEM` } as (typeof violations)[number]);
  }
  if (violations.length > 0) throw invalidArgument(violations);
  return value as string;
}
