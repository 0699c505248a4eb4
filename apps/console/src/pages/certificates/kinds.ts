import type { Item } from '../../api/admin-api.ts';

/** What a certificate is here, in words. */
export const kinds: Readonly<Record<Item<'listCertificates'>['kind'], string>> = {
  issued: 'of a service key, issued here',
  external: 'of a service key, brought along',
  'issuing-ca': 'issuing CA',
  'own-root': 'root of our CA',
  'trusted-root': 'trusted root',
  server: 'server',
  'server-ca': 'CA of a server',
};
