import { AdminClient } from '@sluice/admin-client';
import { listTrustedRoots as list } from '@sluice/contracts';
import { decodePem, parseCertificate } from '@sluice/pki';

const timeoutMs = 5_000;
const maxRoots = 10_000;

/**
 * Every root the administrator trusts and those of our own CA, in DER, by the admin API.
 * @param ca PEM of the root that its certificate ends in
 * @throws Error when the API cannot be asked, or answers anything else than a whole list of at most 10,000
 */
export async function listTrustedRoots(adminUrl: string, token: string, ca?: string): Promise<Uint8Array[]> {
  const roots: Uint8Array[] = [];
  const client = new AdminClient({ url: adminUrl, token, timeoutMs, ...(ca === undefined ? {} : { tls: { ca } }) });
  for await (const item of client.list(list, {})) {
    roots.push(certificateIn(item));
    if (roots.length > maxRoots) throw new Error(`The admin API lists more than ${maxRoots} trusted roots.`);
  }
  return roots;
}

/** The API may be of another version than this program. */
function certificateIn(item: { readonly pem?: unknown } | null): Uint8Array {
  if (typeof item?.pem !== 'string') throw new Error('The admin API gave a trusted root without its certificate.');
  const [der, ...more] = decodePem(item.pem);
  if (!der || more.length > 0) throw new Error('The admin API gave a trusted root that is not one certificate.');
  parseCertificate(der);
  return der;
}
