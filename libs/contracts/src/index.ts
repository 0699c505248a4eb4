export {
  adminToken,
  adminTokenDays,
  createAdminToken,
  listAdminTokens,
  makeAdminToken,
  revokeAdminToken,
  type AdminTokenView,
} from './api/admin-tokens.js';
export {
  getOpenApiDocument,
  rebuildState,
  resealKeys,
  resignRecords,
  showStateComparison,
  showVersion,
} from './api/administration.js';
export { linesMediaType, showAudit, showAuditChain, showAuditHeads } from './api/audit.js';
export {
  downloadCertificates,
  getConnectivityTest,
  runConnectivityTest,
  type ConnectivityTestView,
} from './api/connectivity-tests.js';
export {
  credentialTypes,
  deleteReceiverCredential,
  getReceiverCredential,
  listReceiverCredentials,
  putReceiverCredential,
  receiverCredential,
  type ReceiverCredentialInput,
  type ReceiverCredentialView,
} from './api/credentials.js';
export {
  decisionRecord,
  getDecision,
  listDecisions,
  type DecisionRecord,
  type ListedDecision,
} from './api/decisions.js';
export { beginAnew, eventStreamMediaType, followEvents, maxEarlierEvents } from './api/events.js';
export {
  checkArtifact,
  checkFlow,
  deployFlow,
  flow,
  flowMediaTypes,
  getFlow,
  importFlows,
  importPackage,
  listFlows,
  multipartMediaType,
  putFlow,
  undeployFlow,
  type FlowView,
} from './api/flows.js';
export {
  activateIssuingCa,
  getIssuingCa,
  issuingCa,
  listIssuingCas,
  prepareIssuingCa,
  retireIssuingCa,
  revokeIssuingCa,
  type IssuingCaView,
} from './api/issuing-cas.js';
export {
  downloadMessageAttachment,
  getMessageAttachment,
  getMessageProcessingLog,
  listMessageProcessingLogs,
  messageProcessingLog,
  type MessageProcessingLog,
} from './api/message-processing-logs.js';
export {
  approveProposal,
  listProposals,
  proposedOperations,
  withdrawProposal,
  type ProposalView,
  type ProposedOperation,
} from './api/proposals.js';
export {
  certificateList,
  revocation,
  type GivenRevocationPolicy,
  type RevocationView,
} from './api/revocation-policy.js';
export { revocationReason } from './api/revocation-reason.js';
export {
  createServiceInstance,
  deleteServiceInstance,
  getServiceInstance,
  listServiceInstances,
  revokeServiceInstance,
  serviceInstance,
  updateServiceInstance,
  type GivenInstanceParameters,
  type ServiceInstanceView,
} from './api/service-instances.js';
export { certificate, listCertificates, type CertificateView } from './api/certificates.js';
export {
  credentials,
  serviceKey,
  serviceKeyParameters,
  type Credentials,
  type GivenServiceKeyParameters,
  type ServiceKeyParameters,
  type ServiceKeyView,
} from './api/service-key.js';
export {
  createServiceKey,
  deleteServiceKey,
  findServiceKeys,
  getServiceKey,
  listServiceKeys,
  revokeCertificate,
  revokeClientSecret,
  revokeServiceKey,
  rotateServiceKey,
} from './api/service-keys.js';
export {
  endPersonSessions,
  listPeople,
  maxPersonSessions,
  openPersonSession,
  person,
  personSessionLimits,
  type PersonView,
  type SignedInPerson,
} from './api/people.js';
export {
  closeSession,
  getSession,
  openSession,
  session,
  sessionTimes,
  signIn,
  signOut,
  signOutEverywhere,
  type SessionView,
} from './api/sessions.js';
export { finishSignIn, getSignIn, leaveProvider, signInCallbackPath, startSignIn } from './api/sign-in.js';
export {
  createSubscriber,
  listSubscribers,
  makeSubscriber,
  revokeSubscriber,
  subscriber,
  type SubscriberView,
} from './api/subscribers.js';
export { listTokenKeys, rotateTokenKey, type TokenKeyView } from './api/token-keys.js';
export {
  addCertificateList,
  addTrustedRoot,
  certificateListMediaTypes,
  configureRevocation,
  getTrustedRoot,
  listTrustedRoots,
  removeCertificateList,
  removeRevocation,
  removeTrustedRoot,
  trustedRoot,
  uploadCertificateList,
  type TrustedRootView,
} from './api/trusted-roots.js';
export {
  createUserRole,
  deleteUserRole,
  getUserRole,
  listUserRoles,
  updateUserRole,
  userRole,
  type UserRoleView,
} from './api/user-roles.js';
export {
  defineHttpOperation,
  defineOperation,
  matchesPath,
  parametersOf,
  type HttpMethod,
  type HttpOperation,
  type Need,
  type Operation,
  type OperationContract,
} from './operation/operation.js';
export { forwardedOperations, operations } from './operation/operations.js';
export { errorsOf, openApiDocument, tokenPath } from './operation/openapi-document.js';
export { httpStatusOf } from './operation/http-status.js';
export { readRequestHeaders, requestHeaders, type HeaderMember } from './operation/request-headers.js';
export { readBody, readParameters } from './operation/read-request.js';
export { violationsOf } from './operation/violations.js';
export {
  findCertificatesByNames,
  getCertificateList,
  listRoleHolders,
  reportServerCertificates,
  reportUsage,
} from './request/key-management.js';
export {
  authenticateClient,
  issueApiToken,
  issueFlowToken,
  maxTokenLength,
  revokeToken,
  tokenAudiences,
  tokenGrounds,
  verifyAccess,
  type AccessVerdict,
  type ClientProof,
  type TokenAnswer,
  type TokenAudience,
} from './request/access-tokens.js';
export {
  authenticateAdministrator,
  caller,
  decide,
  findMissingRoles,
  type DecideResponse,
} from './request/authorization.js';
export {
  compareState,
  stateComparison,
  type StateComparison,
  type StateDifference,
} from './request/state-maintenance.js';
export { listFlowsAskingRole } from './request/flow-runtime.js';
export { errorEnvelope, fromErrorEnvelope, toErrorEnvelope, type ErrorEnvelope, type Reply } from './envelope/reply.js';
export {
  defineRequest,
  type DecodedRequestOf,
  type RequestContract,
  type RequestOf,
  type ResponseOf,
  type ServiceName,
} from './request/request-contract.js';
export { auditEntry, auditHead, findAudit, getAuditHead, listAudit, type AuditEntry } from './request/audit.js';
export { check, verifyCertificate, type Check, type Verdict } from './request/certificate-verifier.js';
export {
  aliasOfReceiverCredential,
  caRecord,
  completeRecord,
  confirmationRecord,
  credentialRecord,
  flowRecord,
  guardRecord,
  instanceRecord,
  leaseRecord,
  leaseSlots,
  lossRecord,
  receiverCredentialRecord,
  revokedTokensRecord,
  roleRecord,
  rootRecord,
  rootRevocation,
  secretRecord,
  signedPrefixes,
  stateBucket,
  stateEpochName,
  stateMakingName,
  stateMakingSubject,
  stateKey,
  statePrefixOf,
  stateSchemas,
  stateStream,
  stateSubjectPrefix,
  stateWriters,
  streamPrefixes,
  tokenKeyRecord,
  unpinnedRecord,
  type CaRecord,
  type CompleteRecord,
  type ConfirmationRecord,
  type CredentialRecord,
  type FlowRecord,
  type GuardRecord,
  type InstanceRecord,
  type LeaseRecord,
  type LossRecord,
  type ReceiverCredentialRecord,
  type RevokedTokensRecord,
  type RoleRecord,
  type RootRecord,
  type RootRevocation,
  type SecretRecord,
  type StatePrefix,
  type StateRecord,
  type StateWriter,
  type TokenKeyRecord,
  type UnpinnedRecord,
} from './state/state-records.js';
export {
  certificateListBucket,
  certificateListStream,
  certificateListSubject,
  maxInlineCertificateList,
  type CertificateListNotice,
} from './state/certificate-lists.js';
export {
  cloudEvent,
  cloudEventContentType,
  eventApiPrefix,
  eventStream,
  eventSubjectPrefix,
  outboxPositionHeader,
  type CloudEvent,
} from './event/cloud-event.js';
export { asyncApiDocument } from './event/asyncapi-document.js';
export {
  eventNameOf,
  eventSubject,
  eventType,
  eventTypes,
  eventWriters,
  type EventData,
  type EventName,
} from './event/event-types.js';
export {
  decisionStream,
  decisionSubjectPrefix,
  inboxPrefix,
  messageProcessingLogConsumer,
  messageProcessingLogStream,
  messageProcessingLogSubject,
  publishersOf,
  servicePermissions,
  stateRepublishPrefix,
  type BusPermissions,
} from './bus/permissions.js';
export type { MessageDetail, MessageLine } from './record/message-line.js';
export {
  callout,
  consumerBounds,
  maxSubscriberConnections,
  maxSubscribers,
  subscriberAccount,
  subscriberConsumers,
  subscriberInboxPrefix,
  subscriberName,
  subscriberPermissions,
  subscriberSessionSeconds,
  subscriberUserPrefix,
} from './bus/subscribers.js';
export { defaultBusStoreMb, minBusStoreMb, streamSizes, type StreamSizes } from './bus/store-size.js';
export {
  renderBusServerConfiguration,
  type BusCluster,
  type BusServerConfiguration,
} from './bus/server-configuration.js';
export { clusterLeaseMs, defaultLeaseMs, leaseRenewalMs } from './state/lease-times.js';
