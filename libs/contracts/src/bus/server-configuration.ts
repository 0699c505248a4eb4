import { eventApiPrefix, eventStream, eventSubjectPrefix } from '../event/cloud-event.js';
import type { ServiceName } from '../request/request-contract.js';
import { servicePermissions, subscriberPermissions, type BusPermissions } from './permissions.js';

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
}

const quoted = (text: string) => JSON.stringify(text);

function permissionsBlock(permissions: BusPermissions): string {
  const list = (subjects: readonly string[]) => `[${[...new Set(subjects)].map(quoted).join(', ')}]`;
  const responses = permissions.answersRequests ? ', allow_responses: { max: 1, expires: "1m" }' : '';
  return `{ publish: { allow: ${list(permissions.publish)} }, subscribe: { allow: ${list(permissions.subscribe)} }${responses} }`;
}

/**
 * The nats-server configuration: TLS for every client, one account for the services with a user and permissions for
 * each, and one account for subscribers. The event stream lives in the second account; the first reaches it by imported
 * services, never the other way round.
 */
export function renderBusServerConfiguration(configuration: BusServerConfiguration): string {
  const users = (Object.keys(servicePermissions) as ServiceName[]).map(
    (service) =>
      `      { nkey: ${configuration.serviceKeys[service]}, permissions: ${permissionsBlock(servicePermissions[service])} }`,
  );
  const eventApi = ['INFO', 'CREATE', 'UPDATE', 'MSG.GET'].map((call) => `STREAM.${call}.${eventStream}`);
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
}
accounts {
  SLUICE {
    jetstream: enabled
    users: [
${users.join('\n')}
    ]
    imports: [
      { service: { account: EVENTS, subject: ${quoted(`${eventSubjectPrefix}>`)} } }
${eventApi.map((api) => `      { service: { account: EVENTS, subject: ${quoted(`$JS.API.${api}`)} }, to: ${quoted(`${eventApiPrefix}.${api}`)} }`).join('\n')}
    ]
  }
  EVENTS {
    jetstream: enabled
    users: [
      { user: ${quoted(configuration.subscriber.user)}, password: ${quoted(configuration.subscriber.passwordHash)}, permissions: ${permissionsBlock(subscriberPermissions)} }
    ]
    exports: [
      { service: ${quoted(`${eventSubjectPrefix}>`)}, accounts: [SLUICE] }
${eventApi.map((api) => `      { service: ${quoted(`$JS.API.${api}`)}, accounts: [SLUICE] }`).join('\n')}
    ]
  }
}
`;
}
