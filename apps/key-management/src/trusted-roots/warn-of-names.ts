import { authorityNamesBytes, maxAuthorityNamesBytes, parseCertificate } from '@sluice/pki';
import type { EntityManager } from 'typeorm';

/** @returns what an administrator should know of the list of CA names that senders are sent in the handshake */
export async function warnOfNames(manager: Pick<EntityManager, 'query'>): Promise<{ code: string; message: string }[]> {
  const rows = await manager.query<{ certificate: Buffer }[]>(
    `SELECT certificate FROM trusted_root
     UNION ALL
     SELECT certificate FROM certificate_authority WHERE kind = 'root' AND status NOT IN ('revoked', 'retired')`,
  );
  const bytes = authorityNamesBytes(rows.map(({ certificate }) => parseCertificate(certificate)));
  if (bytes <= maxAuthorityNamesBytes) return [];
  return [
    {
      code: 'names-not-sent',
      message: `The names of the ${rows.length} trusted roots take ${bytes} octets, more than the ${maxAuthorityNamesBytes} that every client takes in a handshake, so none is sent: a sender with several certificates has to be told which to use. Remove roots that are not needed.`,
    },
  ];
}
