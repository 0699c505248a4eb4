import { type CrlReason } from './revoked-certificates.js';

/** What is known of one certificate's revocation. Times are epoch milliseconds. */
export type CertificateStatus =
  | {
      readonly status: 'good';
      /** when what this rests on must be renewed */ readonly validUntil: number;
      readonly remarks: readonly string[];
    }
  | {
      readonly status: 'revoked';
      readonly revokedAt: number;
      readonly reason: CrlReason;
      /** Of an OCSP answer: until when it may be used. */ readonly validUntil?: number;
      readonly remarks: readonly string[];
    }
  | {
      readonly status: 'undetermined';
      readonly problem: string;
      /** By an OCSP answer that is in order: the responder says that it does not know the certificate. */
      readonly unknownToResponder?: true;
      readonly remarks: readonly string[];
    };
