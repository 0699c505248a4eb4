/** Who may call a flow: a role that the caller's service instance has, or pairs of subject and issuer (RFC 4514 strings). */
export type SenderAuthorization =
  | { readonly type: 'UserRole'; readonly role: string }
  | { readonly type: 'ClientCertificate'; readonly certificates: readonly SubjectAndIssuer[] };

export interface SubjectAndIssuer {
  readonly subjectDN: string;
  readonly issuerDN: string;
}
