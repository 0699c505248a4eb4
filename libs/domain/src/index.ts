export {
  errorCodes,
  invalidArgument,
  SluiceError,
  type ErrorCode,
  type ErrorDetails,
  type FieldViolation,
} from './error/sluice-error.js';
export { personIdOf, personName } from './role/person-name.js';
export { allRights, apiRole, isRight, rightNames, rights, rightsBeyond, rightsOf, type Right } from './role/right.js';
export { installation, countedAs, whyMaybeOnePerson, type KnownAdministrator } from './role/somebody-else.js';
export {
  defaultRole,
  predefinedRoles,
  roleNamePattern,
  roleNameRule,
  roleNameViolation,
  type RoleOwner,
  type UserRole,
} from './role/user-role.js';
export {
  defaultInstanceParameters,
  grantTypes,
  plans,
  type GrantType,
  type Plan,
  type ServiceInstanceParameters,
} from './certificate/service-instance.js';
export {
  keyAlgorithms,
  keyTypes,
  revocationReasons,
  rsaKeyLengths,
  type KeyAlgorithm,
  type KeyType,
  type RevocationReason,
} from './certificate/service-key.js';
export { planRetirements, type PlannedCredential } from './certificate/plan-retirements.js';
export { canonicalRequestPath, flowAddressViolation, FlowRoutes } from './flow/flow-address.js';
export { ExpressionSyntaxError } from './flow/expression-syntax-error.js';
export { flowIdViolation } from './flow/flow-id.js';
export { FlowProcessingError, toProcessingError, type FlowErrorCode } from './flow/flow-processing-error.js';
export { type SenderAuthorization, type SubjectAndIssuer } from './flow/sender-authorization.js';
export {
  admittedBy,
  authenticationViolation,
  senderAuthentications,
  type SenderAuthentication,
} from './flow/sender-authentication.js';
export { requirePrecondition, type Precondition } from './precondition/precondition.js';
export { hasReached, type Dependency, type Position } from './state/position.js';
export {
  canonicalDistinguishedName,
  formatDistinguishedName,
  freezeName,
  MalformedDistinguishedName,
  parseDistinguishedName,
  sameDistinguishedName,
  type AttributeTypeAndValue,
  type DistinguishedName,
  type RelativeDistinguishedName,
} from './certificate/distinguished-name.js';
export {
  refusalCodes,
  refuseCertificate,
  type CertificateRefusal,
  type RefusalCode,
  type RefusalValues,
  type RefusedCertificate,
} from './certificate/certificate-refusal.js';
export {
  accessRefusalCodes,
  refuseAccess,
  type AccessRefusal,
  type AccessRefusalCode,
  type AccessRefusalValues,
} from './token/access-refusal.js';
export { type OcspPolicy, type RevocationPolicy } from './certificate/revocation-policy.js';
export { namesDigestInput } from './certificate/names-digest.js';
export { clip } from './text/clip.js';
export { nearestOf } from './text/nearest-word.js';
export { readTimestamp, timestampForm } from './text/read-timestamp.js';
export { findUnstorableText, toStorableText, unstorableTextFault } from './text/storable-text.js';
export { readAddress, type Address } from './network/ip-address.js';
export { networkOf } from './network/network-of.js';
export { isPermittedDestination, readDestinationPolicy, type DestinationPolicy } from './network/destination-policy.js';
