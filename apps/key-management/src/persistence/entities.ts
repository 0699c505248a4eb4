import { certificateAuthoritySchema } from '../issuing-cas/certificate-authority.entity.js';
import { serviceInstanceSchema } from '../service-instances/service-instance.entity.js';
import { credentialSchema } from '../service-keys/credential.entity.js';
import { serviceKeySchema } from '../service-keys/service-key.entity.js';
import { unpinnedKeySchema } from '../service-keys/unpinned-key.entity.js';
import {
  rootCertificateListSchema,
  rootCertificateListSourceSchema,
} from '../trusted-roots/certificate-list.entity.js';
import { trustedRootSchema } from '../trusted-roots/trusted-root.entity.js';

export const entities = [
  serviceInstanceSchema,
  serviceKeySchema,
  credentialSchema,
  unpinnedKeySchema,
  certificateAuthoritySchema,
  trustedRootSchema,
  rootCertificateListSchema,
  rootCertificateListSourceSchema,
] as const;

export const schema = 'key_management';
