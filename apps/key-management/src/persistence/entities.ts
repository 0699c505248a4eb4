import { CertificateAuthorityRow } from '../issuing-cas/certificate-authority.entity.js';
import { ProposalRow } from '../proposals/proposal.entity.js';
import { ServiceInstanceRow } from '../service-instances/service-instance.entity.js';
import { ClientSecretRow } from '../client-secrets/client-secret.entity.js';
import { CredentialRow } from '../service-keys/credential.entity.js';
import { ServiceKeyRow } from '../service-keys/service-key.entity.js';
import { UnpinnedKeyRow } from '../service-keys/unpinned-key.entity.js';
import { RevokedTokensRow } from '../tokens/revoked-tokens.entity.js';
import { RootCertificateListRow, RootCertificateListSourceRow } from '../trusted-roots/certificate-list.entity.js';
import { TokenKeyRow } from '../token-keys/token-key.entity.js';
import { TrustedRootRow } from '../trusted-roots/trusted-root.entity.js';

export const entities = [
  ServiceInstanceRow,
  ServiceKeyRow,
  CredentialRow,
  ClientSecretRow,
  UnpinnedKeyRow,
  CertificateAuthorityRow,
  TokenKeyRow,
  RevokedTokensRow,
  TrustedRootRow,
  RootCertificateListRow,
  RootCertificateListSourceRow,
  ProposalRow,
] as const;

export const schema = 'key_management';
