import type { AdminClient } from '@sluice/admin-client';
import { createServiceInstance, createServiceKey } from '@sluice/contracts';

/** A sender's certificate and private key, in PEM, and the key and instance that they are of. */
export interface NewKey {
  readonly keyId: string;
  readonly instanceId: string;
  readonly certificate: string;
  readonly key: string;
}

/** @returns the id of a service instance that may send to flows without a role of their own */
export async function newInstance(admin: AdminClient, name: string): Promise<string> {
  return (await admin.call(createServiceInstance, { name })).id;
}

/**
 * A P-256 key pair with a certificate of the issuing CA.
 * @param instanceId of an instance of its own, named like the key, when absent
 * @throws Error when the change is committed but not yet published: its first call might come too early
 */
export async function newKey(admin: AdminClient, name: string, instanceId?: string): Promise<NewKey> {
  const serviceInstanceId = instanceId ?? (await newInstance(admin, name));
  const parameters = { 'key-type': 'certificate', 'key-algorithm': 'P-256' } as const;
  const made = await admin.call(createServiceKey, { serviceInstanceId, name, parameters });
  const { certificate, key } = made.credentials;
  if (certificate === undefined || key === undefined) throw new Error(`The key ${name} came without its private key.`);
  if (made.propagation !== 'published') throw new Error(`The key ${name} is not published yet.`);
  return { keyId: made.id, instanceId: serviceInstanceId, certificate, key };
}
