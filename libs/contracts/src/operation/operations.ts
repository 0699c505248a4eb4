import * as adminTokens from '../api/admin-tokens.js';
import * as administration from '../api/administration.js';
import * as audit from '../api/audit.js';
import * as certificates from '../api/certificates.js';
import * as connectivityTests from '../api/connectivity-tests.js';
import * as credentials from '../api/credentials.js';
import * as decisions from '../api/decisions.js';
import * as events from '../api/events.js';
import * as flows from '../api/flows.js';
import * as issuingCas from '../api/issuing-cas.js';
import * as messageProcessingLogs from '../api/message-processing-logs.js';
import * as people from '../api/people.js';
import * as proposals from '../api/proposals.js';
import * as serviceInstances from '../api/service-instances.js';
import * as serviceKeys from '../api/service-keys.js';
import * as sessions from '../api/sessions.js';
import * as signIn from '../api/sign-in.js';
import * as subscribers from '../api/subscribers.js';
import * as tokenKeys from '../api/token-keys.js';
import * as trustedRoots from '../api/trusted-roots.js';
import * as userRoles from '../api/user-roles.js';
import type { HttpOperation, OperationContract } from './operation.js';

const nouns: readonly Readonly<Record<string, unknown>>[] = [
  adminTokens,
  administration,
  audit,
  certificates,
  connectivityTests,
  credentials,
  decisions,
  events,
  flows,
  issuingCas,
  messageProcessingLogs,
  people,
  proposals,
  serviceInstances,
  serviceKeys,
  sessions,
  signIn,
  subscribers,
  tokenKeys,
  trustedRoots,
  userRoles,
];
const defined: readonly unknown[] = nouns.flatMap((noun) => Object.values(noun));

/** The calls of the admin API that are one request of the bus each. */
export const forwardedOperations: readonly OperationContract[] = defined.filter(isForwarded);

/** Every call of the admin API, sorted by path. */
export const operations: readonly HttpOperation[] = defined
  .flatMap((value) => (isForwarded(value) ? [value.http as HttpOperation] : isHttpOperation(value) ? [value] : []))
  .toSorted((a, b) => a.path.localeCompare(b.path));

function isForwarded(value: unknown): value is OperationContract {
  return typeof value === 'object' && value !== null && 'subject' in value && 'http' in value;
}

function isHttpOperation(value: unknown): value is HttpOperation {
  return typeof value === 'object' && value !== null && 'answer' in value && 'path' in value;
}
