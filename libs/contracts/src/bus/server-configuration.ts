import { eventApiPrefix, eventStream, eventSubjectPrefix } from '../event/cloud-event.js';
import type { ServiceName } from '../request/request-contract.js';
import { certificateListSubject } from '../state/certificate-lists.js';
import { stateSubjectPrefix } from '../state/state-records.js';
import {
  decisionSubjectPrefix,
  messageProcessingLogConsumer,
  messageProcessingLogStream,
  messageProcessingLogSubject,
  servicePermissions,
  stateRepublishPrefix,
  subscriberPermissions,
  type BusPermissions,
} from './permissions.js';
import { defaultBusStoreMb } from './store-size.js';

export interface BusServerConfiguration {
  /** `host:port` to listen on. */
  readonly listen: string;
  /** `host:port` of the monitoring endpoint (`/healthz`); none when absent. */
  readonly monitor?: string;
  readonly storeDirectory: string;
  readonly tls: { readonly certificateFile: string; readonly keyFile: string };
  /** Public nkeys (`U…`) of the services. Their seeds never reach the server. */
  readonly serviceKeys: Readonly<Record<ServiceName, string>>;
  readonly subscriber: { readonly user: string; readonly passwordHash: string };
  readonly serverName?: string;
  /** One server of several: streams can then be kept by more than one of them. */
  readonly cluster?: BusCluster;
  /** What all streams together may take on its disk, in MiB. */
  readonly storeMb?: number;
}

/** The servers that keep the streams together. All of them have the same name, password and list. */
export interface BusCluster {
  /** `host:port` on which this server takes the others' connections. */
  readonly listen: string;
  /** `host:port` of all of them, itself among them. */
  readonly routes: readonly string[];
  /** By which they know one another, beside TLS. */
  readonly password: string;
  /** What each shows the others, and the CA that all of these are of. */
  readonly tls: { readonly certificateFile: string; readonly keyFile: string; readonly caFile: string };
}

const quoted = (text: string) => JSON.stringify(text);

function permissionsBlock(permissions: BusPermissions): string {
  const list = (subjects: readonly string[]) => `[${[...new Set(subjects)].map(quoted).join(', ')}]`;
  return `{ publish: { allow: ${list(permissions.publish)} }, subscribe: { allow: ${list(permissions.subscribe)} } }`;
}

/** Nobody asks for it. An account that does not import it gets an API of its own that says that it has no JetStream. */
const accountInfo = '$JS.API.INFO';

/**
 * What the services reach of the streams' account; the permissions of the service that asks narrow it. Each has a wildcard,
 * for an answer that comes back is handed on to an import of exactly its subject, and to no import by wildcard.
 */
const streamServices = [
  accountInfo,
  '$JS.API.STREAM.>',
  '$JS.API.CONSUMER.CREATE.>',
  '$JS.API.CONSUMER.DURABLE.CREATE.>',
  '$JS.API.CONSUMER.INFO.>',
  `${stateSubjectPrefix}>`,
  certificateListSubject.chunks('*'),
  certificateListSubject.meta('*'),
  messageProcessingLogSubject.replace(/\w+$/, '*'),
  `${decisionSubjectPrefix}*`,
];

/** What only who takes from the log's consumer reaches. */
const takeServices = [
  accountInfo,
  '$JS.API.CONSUMER.INFO.>',
  `$JS.ACK.${messageProcessingLogStream}.${messageProcessingLogConsumer}.>`,
];
/** Every message of a batch is a reply to the one request for it. */
const takeMessages = '$JS.API.CONSUMER.MSG.NEXT.>';

/** What subscribers reach of the event stream's account, under its own names: to them the stream is in theirs. */
const subscriberServices = [
  accountInfo,
  '$JS.API.STREAM.>',
  ...['CREATE', 'DURABLE.CREATE', 'INFO', 'DELETE', 'NAMES', 'LIST'].map((call) => `$JS.API.CONSUMER.${call}.>`),
  `$JS.ACK.${eventStream}.>`,
  `$JS.FC.${eventStream}.>`,
];
const subscriberStreams = [takeMessages, '$JS.API.DIRECT.GET.>'];
/** Where a consumer may be told to deliver. */
const subscriberInbox = '_INBOX.>';

/**
 * The nats-server configuration: TLS for every client, and accounts that reach one another by imports alone.
 *
 * JetStream answers to the reply subject of whatever it is asked or given, and asks nobody's permission for that. So no user
 * is in an account with a stream: the answer comes back into the asker's account, where no stream listens (ADR 30).
 * `SERVICES` has a user with its own permissions for each service and `SLUICE` their streams, `SUBSCRIBERS` the
 * subscribers and `EVENTS` the event stream. Who takes stored messages gets them with the headers their senders chose, so message-log has an
 * account to itself: there is nobody in it whom such a message could be sent to as an answer.
 */
export function renderBusServerConfiguration(configuration: BusServerConfiguration): string {
  const user = (service: ServiceName) =>
    `      { nkey: ${configuration.serviceKeys[service]}, permissions: ${permissionsBlock(servicePermissions[service])} }`;
  const others = (Object.keys(servicePermissions) as ServiceName[]).filter((service) => service !== 'message-log');
  // Under another name, and so without a wildcard: nats-server 2.10 ends in a panic when an answer comes to an import that has
  // both. An answer that is handed on to one of these is no stream's configuration, and has no reply subject.
  const eventApi = ['INFO', 'CREATE', 'UPDATE', 'MSG.GET'].map((call) => `STREAM.${call}.${eventStream}`);
  const from = (account: string, subject: string) =>
    `      { service: { account: ${account}, subject: ${quoted(subject)} } }`;
  return `# Made by provisioning; edits are overwritten.
${configuration.serverName ? `server_name: ${quoted(configuration.serverName)}\n` : ''}listen: ${quoted(configuration.listen)}
${configuration.monitor ? `http: ${quoted(configuration.monitor)}\n` : ''}max_payload: 4MB
max_connections: 4096
write_deadline: "10s"
tls {
  cert_file: ${quoted(configuration.tls.certificateFile)}
  key_file: ${quoted(configuration.tls.keyFile)}
  timeout: 5
}
jetstream {
  store_dir: ${quoted(configuration.storeDirectory)}
  max_file_store: ${configuration.storeMb ?? defaultBusStoreMb}MB
  # Every stream is on disk.
  max_memory_store: 64MB
}
${configuration.cluster ? clusterBlock(configuration.cluster) : ''}accounts {
  SERVICES {
    users: [
${others.map(user).join('\n')}
    ]
    imports: [
      { stream: { account: SLUICE, subject: ${quoted(`${stateRepublishPrefix}>`)} } }
${streamServices.map((subject) => from('SLUICE', subject)).join('\n')}
${from('EVENTS', `${eventSubjectPrefix}>`)}
${eventApi.map((api) => `      { service: { account: EVENTS, subject: ${quoted(`$JS.API.${api}`)} }, to: ${quoted(`${eventApiPrefix}.${api}`)} }`).join('\n')}
    ]
  }
  MESSAGE_LOG {
    users: [
${user('message-log')}
    ]
    imports: [
${[...takeServices, takeMessages].map((subject) => from('SLUICE', subject)).join('\n')}
    ]
  }
  SLUICE {
    jetstream: enabled
    exports: [
      { stream: ${quoted(`${stateRepublishPrefix}>`)}, accounts: [SERVICES] }
${[...new Set([...streamServices, ...takeServices])].map((subject) => `      { service: ${quoted(subject)}, accounts: [SERVICES, MESSAGE_LOG] }`).join('\n')}
      { service: ${quoted(takeMessages)}, response_type: stream, accounts: [MESSAGE_LOG] }
    ]
  }
  SUBSCRIBERS {
    users: [
      { user: ${quoted(configuration.subscriber.user)}, password: ${quoted(configuration.subscriber.passwordHash)}, permissions: ${permissionsBlock(subscriberPermissions)} }
    ]
    imports: [
      { stream: { account: EVENTS, subject: ${quoted(subscriberInbox)} } }
${[...subscriberServices, ...subscriberStreams].map((subject) => from('EVENTS', subject)).join('\n')}
    ]
  }
  EVENTS {
    jetstream: enabled
    exports: [
      { stream: ${quoted(subscriberInbox)}, accounts: [SUBSCRIBERS] }
${subscriberServices.map((subject) => `      { service: ${quoted(subject)}, accounts: [SUBSCRIBERS] }`).join('\n')}
${subscriberStreams.map((subject) => `      { service: ${quoted(subject)}, response_type: stream, accounts: [SUBSCRIBERS] }`).join('\n')}
      { service: ${quoted(`${eventSubjectPrefix}>`)}, accounts: [SERVICES] }
${eventApi.map((api) => `      { service: ${quoted(`$JS.API.${api}`)}, accounts: [SERVICES] }`).join('\n')}
    ]
  }
}
`;
}

/** Each connection between servers is TLS on which both show a certificate of the bus CA. */
function clusterBlock({ listen, routes, password, tls }: BusCluster): string {
  return `cluster {
  name: "sluice"
  listen: ${quoted(listen)}
  authorization { user: "route", password: ${quoted(password)}, timeout: 5 }
  tls {
    cert_file: ${quoted(tls.certificateFile)}
    key_file: ${quoted(tls.keyFile)}
    ca_file: ${quoted(tls.caFile)}
    timeout: 5
  }
  routes: [${routes.map((route) => quoted(`nats-route://route:${password}@${route}`)).join(', ')}]
}
`;
}
