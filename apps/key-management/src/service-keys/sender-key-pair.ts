import type { ServiceKeyParameters } from '@sluice/contracts';
import { freezeName, type DistinguishedName } from '@sluice/domain';
import { generateEncodedKeyPair, type EncodedKeyPair } from '@sluice/pki';
import type { ServiceInstanceRow } from '../service-instances/service-instance.entity.js';
import type { ServiceKeyRow } from './service-key.entity.js';

/** The private key exists here and in the one answer to the administrator. */
export function makeSenderKeyPair(
  parameters: Extract<ServiceKeyParameters, { 'key-type': 'certificate' }>,
): Promise<EncodedKeyPair> {
  const algorithm = parameters['key-algorithm'];
  return generateEncodedKeyPair(
    algorithm === 'RSA' ? { algorithm, modulusLength: parameters['key-length'] ?? 2048 } : { algorithm },
  );
}

const attributeTypes = { CN: '2.5.4.3', O: '2.5.4.10', OU: '2.5.4.11', UID: '0.9.2342.19200300.100.1.1' } as const;

/**
 * The name in a certificate that we issue: `CN=<name>,OU=<instance>,UID=<id of the key>,O=Sluice`. The key's id makes it
 * unlike every other key's, so that no sender can be named like another whatever its request asks for.
 */
export function senderSubject(
  key: Pick<ServiceKeyRow, 'id' | 'name'>,
  instance: Pick<ServiceInstanceRow, 'name'>,
  commonName = key.name,
): DistinguishedName {
  const rdn = (type: keyof typeof attributeTypes, value: string) => [
    { type: attributeTypes[type], value, form: 'text' as const },
  ];
  return freezeName([rdn('O', 'Sluice'), rdn('UID', key.id), rdn('OU', instance.name), rdn('CN', commonName)]);
}
