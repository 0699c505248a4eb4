import { eventApiPrefix, eventStream, eventSubjectPrefix } from '../event/cloud-event.js';
import { eventWriters } from '../event/event-types.js';
import { authenticateClient, issueFlowToken, revokeToken, verifyAccess } from '../request/access-tokens.js';
import { getAuditHead } from '../request/audit.js';
import { decide, findMissingRoles } from '../request/authorization.js';
import { verifyCertificate } from '../request/certificate-verifier.js';
import { listFlowsAskingRole } from '../request/flow-runtime.js';
import { listRoleHolders, reportServerCertificates, reportUsage } from '../request/key-management.js';
import type { ServiceName } from '../request/request-contract.js';
import { certificateListStream, certificateListSubject } from '../state/certificate-lists.js';
import { stateKey, stateStream, stateSubjectPrefix, stateWriters } from '../state/state-records.js';
import { readEvents } from './subscribers.js';

/** What one user may publish and subscribe to. Everything not named is refused by the server. */
export interface BusPermissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/** Where a JetStream message of the state bucket is sent again with its sequence, for followers without a consumer. */
export const stateRepublishPrefix = 'sluice.state.';
export const messageProcessingLogStream = 'SLUICE_MPL';
export const messageProcessingLogSubject = 'sluice.mpl';
export const messageProcessingLogConsumer = 'mpl-to-postgres';
export const decisionStream = 'SLUICE_DECISIONS';
export const decisionSubjectPrefix = 'sluice.decisions.';

/** An inbox prefix of each service's own: nobody else may listen there, so a reply with a private key reaches one reader. */
export function inboxPrefix(service: ServiceName): string {
  return `_INBOX_${service}`;
}

const jsApi = (suffix: string) => `$JS.API.${suffix}`;

/**
 * Followers read the bucket by messages got from the stream's leader and by the republished subjects. None of them may
 * create a consumer: a consumer can be told to deliver to any subject, past its creator's own permissions.
 */
const readState = {
  publish: [jsApi(`STREAM.INFO.${stateStream}`), jsApi(`STREAM.MSG.GET.${stateStream}`)],
  subscribe: [`${stateRepublishPrefix}>`],
};

function writeState(service: keyof typeof stateWriters): string[] {
  return [
    ...stateWriters[service].map((prefix) => `${stateSubjectPrefix}${prefix}.>`),
    ...[stateKey.complete, stateKey.confirmation, stateKey.loss].map((key) => `${stateSubjectPrefix}${key(service)}`),
  ];
}

function writeEvents(service: keyof typeof eventWriters): string[] {
  return [
    ...eventWriters[service].map((thing) => `${eventSubjectPrefix}${thing}.*`),
    `${eventApiPrefix}.STREAM.MSG.GET.${eventStream}`,
  ];
}

function serve(service: ServiceName, publish: string[], subscribe: string[] = []): BusPermissions {
  return {
    publish,
    subscribe: [`${inboxPrefix(service)}.>`, `sluice.${service}.>`, ...subscribe],
  };
}

/** What each service asks, writes and hears by itself; the replies it gives follow from what the others ask. */
const ownPermissions: Readonly<Record<ServiceName, BusPermissions>> = {
  'key-management': serve(
    'key-management',
    [
      findMissingRoles.subject,
      getAuditHead.authorization.subject,
      getAuditHead['flow-runtime'].subject,
      ...readState.publish,
      ...writeState('key-management'),
      ...writeEvents('key-management'),
      jsApi(`STREAM.CREATE.${stateStream}`),
      jsApi(`STREAM.UPDATE.${stateStream}`),
      // For who owns the bucket and has to make it anew: what it holds is in Postgres.
      jsApi(`STREAM.DELETE.${stateStream}`),
      ...[messageProcessingLogStream, decisionStream, certificateListStream].flatMap((stream) =>
        // The client reads a stream's configuration before it changes it.
        ['INFO', 'CREATE', 'UPDATE'].map((call) => jsApi(`STREAM.${call}.${stream}`)),
      ),
      certificateListSubject.chunks('*'),
      certificateListSubject.meta('*'),
      ...['MSG.GET', 'PURGE'].map((call) => jsApi(`STREAM.${call}.${certificateListStream}`)),
      jsApi(`CONSUMER.DURABLE.CREATE.${messageProcessingLogStream}.${messageProcessingLogConsumer}`),
      jsApi(`CONSUMER.CREATE.${messageProcessingLogStream}.${messageProcessingLogConsumer}`),
      jsApi(`CONSUMER.CREATE.${messageProcessingLogStream}.${messageProcessingLogConsumer}.>`),
      jsApi(`CONSUMER.INFO.${messageProcessingLogStream}.${messageProcessingLogConsumer}`),
      `${eventApiPrefix}.STREAM.INFO.${eventStream}`,
      `${eventApiPrefix}.STREAM.CREATE.${eventStream}`,
      `${eventApiPrefix}.STREAM.UPDATE.${eventStream}`,
    ],
    readState.subscribe,
  ),
  'certificate-verifier': serve(
    'certificate-verifier',
    [...readState.publish, `${stateSubjectPrefix}guard.*`, jsApi(`STREAM.MSG.GET.${certificateListStream}`)],
    [...readState.subscribe, certificateListSubject.meta('*')],
  ),
  authorization: serve(
    'authorization',
    [
      listRoleHolders.subject,
      listFlowsAskingRole.subject,
      verifyAccess.subject,
      verifyCertificate.subject,
      ...readState.publish,
      ...writeState('authorization'),
      ...writeEvents('authorization'),
    ],
    readState.subscribe,
  ),
  'flow-runtime': serve(
    'flow-runtime',
    [
      verifyCertificate.subject,
      verifyAccess.subject,
      decide.subject,
      // Tokens for flows alone: those for the admin API are not made where senders connect (ADR 52).
      issueFlowToken.subject,
      authenticateClient.subject,
      revokeToken.subject,
      findMissingRoles.subject,
      reportUsage.subject,
      reportServerCertificates.subject,
      ...readState.publish,
      ...writeState('flow-runtime'),
      `${stateSubjectPrefix}${stateKey.lease('*')}`,
      ...writeEvents('flow-runtime'),
      messageProcessingLogSubject,
      `${decisionSubjectPrefix}*`,
      // It reads its streams and may not change them: a stream can be told to store any subject.
      ...[messageProcessingLogStream, decisionStream].flatMap((stream) =>
        ['INFO', 'MSG.GET'].map((call) => jsApi(`STREAM.${call}.${stream}`)),
      ),
      // Where readers see how far the log is stored.
      jsApi(`CONSUMER.INFO.${messageProcessingLogStream}.${messageProcessingLogConsumer}`),
    ],
    readState.subscribe,
  ),
  // It takes from the one consumer and may neither make nor change it: a consumer can be told to deliver to any subject.
  'message-log': {
    publish: [
      jsApi(`CONSUMER.INFO.${messageProcessingLogStream}.${messageProcessingLogConsumer}`),
      jsApi(`CONSUMER.MSG.NEXT.${messageProcessingLogStream}.${messageProcessingLogConsumer}`),
      `$JS.ACK.${messageProcessingLogStream}.${messageProcessingLogConsumer}.>`,
    ],
    subscribe: [`${inboxPrefix('message-log')}.>`],
  },
  'admin-api': {
    publish: [
      'sluice.key-management.>',
      'sluice.authorization.>',
      'sluice.flow-runtime.>',
      `${eventApiPrefix}.STREAM.MSG.GET.${eventStream}`,
    ],
    // To hear that there is something new; what it is, is read from the stream.
    subscribe: [`${inboxPrefix('admin-api')}.>`, `${eventSubjectPrefix}>`],
  },
};

/** @returns the services that may publish to this subject, which holds no wildcard */
export function publishersOf(subject: string): ServiceName[] {
  return services.filter((service) => ownPermissions[service].publish.some((pattern) => covers(pattern, subject)));
}

/** Whether a pattern with the wildcards of NATS covers a subject without any. */
function covers(pattern: string, subject: string): boolean {
  const wanted = pattern.split('.');
  const tokens = subject.split('.');
  for (const [index, token] of wanted.entries()) {
    if (token === '>') return tokens.length > index;
    if (tokens[index] === undefined || (token !== '*' && token !== tokens[index])) return false;
  }
  return wanted.length === tokens.length;
}

const services = Object.keys(ownPermissions) as ServiceName[];

/**
 * A service answers into the inboxes of those that may ask it, and nowhere else. NATS's own `allow_responses` permits
 * whatever reply subject the asker wrote, also one that neither of the two may publish to (ADR 30).
 */
function withReplies(service: ServiceName): BusPermissions {
  const { publish, subscribe } = ownPermissions[service];
  const askers = services.filter((asker) =>
    ownPermissions[asker].publish.some((pattern) => pattern.startsWith(`sluice.${service}.`)),
  );
  return { publish: [...publish, ...askers.map((asker) => `${inboxPrefix(asker)}.>`)], subscribe };
}

export const servicePermissions = Object.fromEntries(
  services.map((service) => [service, withReplies(service)]),
) as Readonly<Record<ServiceName, BusPermissions>>;

/**
 * The user of `stack.json`, for programs beside a local stack: consumers of any name on the event stream, and nothing else. A
 * stack for others has none; its subscribers have an identity each (`subscribers.ts`).
 */
export const localSubscriberPermissions: BusPermissions = {
  publish: [
    ...readEvents,
    jsApi(`CONSUMER.CREATE.${eventStream}`),
    jsApi(`CONSUMER.CREATE.${eventStream}.>`),
    jsApi(`CONSUMER.DURABLE.CREATE.${eventStream}.*`),
    jsApi(`CONSUMER.INFO.${eventStream}.*`),
    jsApi(`CONSUMER.DELETE.${eventStream}.*`),
    jsApi(`CONSUMER.NAMES.${eventStream}`),
    jsApi(`CONSUMER.LIST.${eventStream}`),
    jsApi(`CONSUMER.MSG.NEXT.${eventStream}.*`),
    `$JS.ACK.${eventStream}.>`,
    `$JS.FC.${eventStream}.>`,
  ],
  subscribe: ['_INBOX.>'],
};
