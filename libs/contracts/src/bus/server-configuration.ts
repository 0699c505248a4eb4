import { eventApiPrefix, eventStream, eventSubjectPrefix } from '../event/cloud-event.js';
import type { ServiceName } from '../request/request-contract.js';
import { certificateListSubject } from '../state/certificate-lists.js';
import { stateSubjectPrefix } from '../state/state-records.js';
import {
  decisionSubjectPrefix,
  localSubscriberPermissions,
  messageProcessingLogConsumer,
  messageProcessingLogStream,
  messageProcessingLogSubject,
  servicePermissions,
  stateRepublishPrefix,
  type BusPermissions,
} from './permissions.js';
import { defaultBusStoreMb } from './store-size.js';
import {
  callout,
  calloutPermissions,
  consumerBounds,
  maxSubscriberConnections,
  maxSubscriberConsumers,
  maxSubscriberPayload,
  maxSubscribers,
  maxSubscriberSubscriptions,
  subscriberAccount,
} from './subscribers.js';

export interface BusServerConfiguration {
  /** `host:port` to listen on. */
  readonly listen: string;
  /** `host:port` of the monitoring endpoint (`/healthz`); none when absent. */
  readonly monitor?: string;
  readonly storeDirectory: string;
  readonly tls: { readonly certificateFile: string; readonly keyFile: string };
  /** Public nkeys (`U…`) of the services. Their seeds never reach the server. */
  readonly serviceKeys: Readonly<Record<ServiceName, string>>;
  /** Who decides on everybody that is not in the configuration: subscribers. */
  readonly callout: {
    /** Public nkey (`U…`) of who answers. */
    readonly responderKey: string;
    /** Public account nkey (`A…`) that its answers are signed with. */
    readonly issuerKey: string;
  };
  /** Of a local stack alone: who may subscribe with a password. */
  readonly localSubscriber?: { readonly user: string; readonly passwordHash: string };
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
/** Where a consumer may be told to deliver. Those of subscribers with an identity are taken from, and deliver nowhere. */
const localInbox = '_INBOX.>';

/** The account of the servers themselves keeps the name it has by default: the servers of a cluster file what they agreed on under it. */
const systemAccount = '$SYS';
/** What who decides on subscribers reaches of the event stream: consumers of a revoked subscriber end, and those out of their bounds. */
const calloutServices = [accountInfo, '$JS.API.CONSUMER.LIST.>', '$JS.API.CONSUMER.DELETE.>'];
/** Consumers that the local stack's own programs may have beside those of subscribers. */
const localConsumers = 512;
const localConnections = 512;

/**
 * The nats-server configuration: TLS for every client, and accounts that reach one another by imports alone.
 *
 * JetStream answers to the reply subject of whatever it is asked or given, and asks nobody's permission for that. So no user
 * is in an account with a stream: the answer comes back into the asker's account, where no stream listens (ADR 30).
 * `SERVICES` has a user with its own permissions for each service and `SLUICE` their streams, `SUBSCRIBERS` the
 * subscribers and `EVENTS` the event stream. A connection of nobody in this configuration is asked about in `CALLOUT` (ADR 38);
 * users in it are never asked about, so no service waits for another to be let in. Who takes stored messages gets them with the headers their senders chose, so message-log has an
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
  const { responderKey, issuerKey } = configuration.callout;
  const local = configuration.localSubscriber;
  const inConfiguration = [...Object.values(configuration.serviceKeys), responderKey, ...(local ? [local.user] : [])];
  // Without a wildcard where they get another name, as above.
  const servers: readonly (readonly [string, string])[] = [
    [callout.connections, '$SYS.REQ.SERVER.PING.CONNZ'],
    [callout.statistics, '$SYS.REQ.SERVER.PING.STATSZ'],
  ];
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
${configuration.cluster ? clusterBlock(configuration.cluster) : ''}system_account: ${quoted(systemAccount)}
authorization {
  auth_callout {
    issuer: ${issuerKey}
    account: ${callout.account}
    auth_users: [${inConfiguration.map(quoted).join(', ')}]
  }
}
accounts {
  ${quoted(systemAccount)} {
    exports: [
      { service: ${quoted(callout.kick('*'))}, accounts: [${callout.account}] }
${servers.map(([, subject]) => `      { service: ${quoted(subject)}, response_type: stream, accounts: [${callout.account}] }`).join('\n')}
    ]
  }
  ${callout.account} {
    users: [
      { nkey: ${responderKey}, permissions: ${permissionsBlock(calloutPermissions)} }
    ]
    imports: [
${from(quoted(systemAccount), callout.kick('*'))}
${servers.map(([name, subject]) => `      { service: { account: ${quoted(systemAccount)}, subject: ${quoted(subject)} }, to: ${quoted(name)} }`).join('\n')}
${calloutServices.map((subject) => from('EVENTS', subject)).join('\n')}
    ]
  }
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
  ${subscriberAccount} {
    # The last two are of each connection.
    limits { max_connections: ${maxSubscribers * maxSubscriberConnections + (local ? localConnections : 0)}, max_subscriptions: ${maxSubscriberSubscriptions}, max_payload: ${maxSubscriberPayload} }
${local ? `    users: [\n      { user: ${quoted(local.user)}, password: ${quoted(local.passwordHash)}, permissions: ${permissionsBlock(localSubscriberPermissions)} }\n    ]\n` : ''}    imports: [
${local ? `      { stream: { account: EVENTS, subject: ${quoted(localInbox)} } }\n` : ''}${[...subscriberServices, ...subscriberStreams].map((subject) => from('EVENTS', subject)).join('\n')}
    ]
  }
  EVENTS {
    jetstream { max_consumers: ${maxSubscribers * maxSubscriberConsumers + (local ? localConsumers : 0)}, max_ack_pending: ${consumerBounds.maxAckPending} }
    exports: [
${local ? `      { stream: ${quoted(localInbox)}, accounts: [${subscriberAccount}] }\n` : ''}${subscriberServices.map((subject) => `      { service: ${quoted(subject)}, accounts: [${subscriberAccount}${calloutServices.includes(subject) ? `, ${callout.account}` : ''}] }`).join('\n')}
${subscriberStreams.map((subject) => `      { service: ${quoted(subject)}, response_type: stream, accounts: [${subscriberAccount}] }`).join('\n')}
      { service: ${quoted(`${eventSubjectPrefix}>`)}, accounts: [SERVICES] }
${eventApi.map((api) => `      { service: ${quoted(`$JS.API.${api}`)}, accounts: [SERVICES] }`).join('\n')}
    ]
  }
}
`;
}

/** Each connection between servers is TLS on which both show a certificate of the bus CA. */
function clusterBlock({ listen, routes, password, tls }: BusCluster): string {
  // Clients know all servers, and those from outside could not reach the addresses that servers have for one another.
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
  no_advertise: true
}
`;
}
