import { decodePem, parseCertificate } from '@sluice/pki';

const timeoutMs = 5_000;
const most = 10_000;

/**
 * Every root the administrator trusts and those of our own CA, in DER, by the admin API.
 * @throws Error when the API cannot be asked or answers anything else than a whole list
 */
export async function listTrustedRoots(adminUrl: string, token: string): Promise<Uint8Array[]> {
  const roots: Uint8Array[] = [];
  let after: string | undefined;
  do {
    const page = new URL('/v1/trusted-roots', adminUrl);
    page.searchParams.set('limit', '1000');
    if (after !== undefined) page.searchParams.set('after', after);
    const response = await fetch(page, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(timeoutMs),
      redirect: 'error',
    });
    if (!response.ok) throw new Error(`The admin API answered ${response.status} when asked for the trusted roots.`);
    const { items, next } = readPage(await response.json());
    for (const pem of items) {
      const [der, ...more] = decodePem(pem);
      if (!der || more.length > 0) throw new Error('The admin API gave a trusted root that is not one certificate.');
      parseCertificate(der);
      roots.push(der);
    }
    after = next;
  } while (after !== undefined && roots.length < most);
  return roots;
}

function readPage(body: unknown): { items: string[]; next: string | undefined } {
  const { items, next } = (body ?? {}) as { items?: unknown; next?: unknown };
  if (!Array.isArray(items)) throw new Error('The admin API answered something else than a list of trusted roots.');
  return {
    items: items.map((item: { pem?: unknown } | null) => {
      if (typeof item?.pem !== 'string') throw new Error('The admin API gave a trusted root without its certificate.');
      return item.pem;
    }),
    next: typeof next === 'string' ? next : undefined,
  };
}
