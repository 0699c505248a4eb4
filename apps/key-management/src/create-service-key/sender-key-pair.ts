import type { ServiceKeyParameters } from '@sluice/domain';
import { generateKeyPair, subjectPublicKeyInfo } from '@sluice/pki';
import type { ServiceInstanceRow, ServiceKeyRow } from '../persistence/entities.js';

export interface SenderKeyPair {
  readonly privateKeyPem: string;
  /** SubjectPublicKeyInfo in DER. */
  readonly publicKey: Uint8Array;
}

/** The private key exists here and in the one answer to the administrator. */
export async function makeSenderKeyPair(
  parameters: Extract<ServiceKeyParameters, { 'key-type': 'certificate' }>,
): Promise<SenderKeyPair> {
  const algorithm = parameters['key-algorithm'];
  const pair = await generateKeyPair(
    algorithm === 'RSA' ? { algorithm, modulusLength: parameters['key-length'] ?? 2048 } : { algorithm },
  );
  return {
    privateKeyPem: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    publicKey: subjectPublicKeyInfo(pair.publicKey),
  };
}

/** The name in a certificate that we issue. The key's id makes it unlike every other key's. */
export function senderSubject(
  key: Pick<ServiceKeyRow, 'id' | 'name'>,
  instance: Pick<ServiceInstanceRow, 'name'>,
): string {
  return `CN=${key.name},OU=${instance.name},UID=${key.id},O=Sluice`;
}
