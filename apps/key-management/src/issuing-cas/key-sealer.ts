import { SecretSealer } from '@sluice/persistence';

/** Seals the private keys of our CAs under the master key. */
export { SecretSealer as KeySealer };

/** What a CA's sealed key is bound to. */
export const sealedKeyOwner = (authorityId: string): string => `certificate-authority:${authorityId}`;
