export { ConfirmState, type ConfirmStateOptions } from './confirm-state.js';
export { findAheadOfPostgres } from './ahead-of-postgres.js';
export { CompareState, type CompareStateOptions } from './compare-state.js';
export { openState, stateNotReady, type FollowedState, type FollowStateOptions } from './follow-state.js';
export { signerFromFile } from './follow-record-keys.js';
export { followMasterKeys, sealerFromFile } from './follow-master-keys.js';
export { destinationEnvironment } from './destinations/destination-environment.js';
export {
  Destinations,
  isUnreachable,
  refusedDestinationCode,
  unreachableSentence,
  type OnRefusedDestination,
} from './destinations/destinations.js';
export { openDestinations } from './destinations/open-destinations.js';
export { canonicalJson, contentTag } from './content-tag.js';
export { FollowedFiles } from './followed-files.js';
export { startHealthServer, type HealthServerOptions } from './health-server.js';
export { IdempotentAnswers, type OnceOptions } from './idempotency/idempotent-answers.js';
export { KeptAnswers } from './idempotency/kept-answers.js';
export { cursorOf, positionOf, type CursorList } from './lists/cursor.js';
export { pageOf, type PagedRows, type PageRequest } from './lists/page-of.js';
export { sluiceVersion } from '@sluice/persistence';
export { createLog, nestLogger, type Log } from './log.js';
export { Counter, durationBuckets, Histogram, Metrics, type Labels, type Reading } from './metrics/metrics.js';
export { keepRepairing, type KeepRepairingOptions, type Repairing } from './keep-repairing.js';
export { AuditModule } from './modules/audit.module.js';
export { DatabaseModule, type Tables } from './modules/database.module.js';
export {
  idempotentAnswersEnvironment,
  IdempotentAnswersModule,
  type IdempotentAnswersModuleOptions,
} from './modules/idempotent-answers.module.js';
export { PublishedChangesModule, type PublishedChangesModuleOptions } from './modules/published-changes.module.js';
export { Readiness } from './modules/readiness.js';
export { ShellModule } from './modules/shell.module.js';
export { StateModule, type StateModuleOptions } from './modules/state.module.js';
export { CLOCK, CONFIG, MONOTONIC_CLOCK, ON_FAULT } from './modules/tokens.js';
export { openDatabase } from './open-database.js';
export { requireRightsOf } from './require-rights.js';
export { PublishedChanges, type ChangeScope, type PublishChangesOptions, type StreamMaker } from './publish-changes.js';
export {
  ConfigurationError,
  databaseEnvironment,
  readEnvironment,
  shellEnvironment,
  type ShellEnvironment,
} from './read-environment.js';
export type { ExportSpans } from './spans/export-spans.js';
export { RepeatedWork, type RepeatedWorkOptions } from './repeated-work.js';
export { isSampled, spanClock, type Span } from './spans/span.js';
export { runService, type ServiceDefinition } from './run-service.js';
export { Shell } from './shell.js';
export { applyLimits, headLimits, timeoutCheckMs, type ListenerLimits } from './tls/apply-limits.js';
export type { PeerCertificate } from './tls/peer-certificate.js';
export { SentChains } from './tls/sent-chains.js';
export {
  readServerIdentity,
  UnusableServerCertificate,
  type ServerIdentity,
  type ServerIdentityFiles,
} from './tls/server-identity.js';
export { serverNameOf } from './tls/session-names.js';
export { sessionIdContext, TlsListener, type TlsListenerOptions } from './tls/tls-listener.js';
export { sessionLifetimeS, tlsSettings } from './tls/tls-settings.js';
export { foldHostName, VirtualHosts } from './tls/virtual-hosts.js';
