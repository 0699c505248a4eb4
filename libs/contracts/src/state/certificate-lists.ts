/**
 * Where CRLs too long for a state record are: a JetStream object store (ADR-20 of the NATS architecture), objects named by
 * their SHA-256. Only key-management writes to it.
 */
export const certificateListBucket = 'SLUICE_CRLS';
export const certificateListStream = `OBJ_${certificateListBucket}`;

export const certificateListSubject = {
  chunks: (nuid: string) => `$O.${certificateListBucket}.C.${nuid}`,
  meta: (name: string) => `$O.${certificateListBucket}.M.${name}`,
} as const;

/** What the object store says of an object; `digest` is `SHA-256=` and the hash in base64url. */
export interface CertificateListNotice {
  readonly name: string;
  readonly bucket: string;
  readonly nuid: string;
  readonly size: number;
  readonly chunks: number;
  readonly digest: string;
  readonly options: { readonly max_chunk_size: number };
}

/** A CRL of no more than this is in the record itself; octets of DER. */
export const maxInlineCertificateList = 16 * 1024;
