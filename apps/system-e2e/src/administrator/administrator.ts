import { until } from '@sluice/testing';
import { AdminClient } from './admin-client.js';

export interface ServiceInstance {
  readonly id: string;
  readonly name: string;
  readonly plan: string;
  readonly parameters: Readonly<Record<string, unknown>> & { readonly roles: readonly string[] };
}

export interface Credentials {
  readonly clientid: string;
  readonly clientsecret?: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly certificatedetails?: {
    readonly issuerdn: string;
    readonly subjectdn: string;
    readonly validuntil: string;
    readonly serialnumber: string;
  };
  readonly tokenurl: string;
  readonly url: string;
}

export interface ServiceKey {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly certificates: readonly {
    readonly sha256: string;
    readonly status: string;
    readonly subjectdn: string;
    readonly issuerdn: string;
  }[];
  readonly credentials: Credentials;
}

export interface Flow {
  readonly id: string;
  readonly status: string;
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
  readonly endpoints: readonly { readonly url: string; readonly address: string }[];
}

export interface Decision {
  readonly id: string;
  readonly outcome: string;
  readonly status: number;
  readonly reason: string;
  readonly flow?: string;
  readonly path: string;
  readonly certificate?: { readonly sha256: string; readonly subjectdn?: string; readonly issuerdn?: string };
  readonly serviceKey?: { readonly id: string; readonly name?: string };
  readonly nearestMatch?: string;
  readonly checks: readonly { readonly check: string; readonly ok: boolean; readonly explanation: string }[];
}

export interface MessageLog {
  readonly id: string;
  readonly flow: string;
  readonly status: string;
}

export interface FlowOptions {
  /** Default: the user role `ESBMessaging.send`. */
  readonly role?: string;
  readonly authorization?: Readonly<Record<string, unknown>>;
  readonly steps?: readonly unknown[];
  readonly sender?: Readonly<Record<string, unknown>>;
}

/** The tenant administrator, who does each step of the procedure by one call of the admin API. */
export class Administrator {
  readonly client: AdminClient;
  #names = 0;

  constructor(url: string, token: string) {
    this.client = new AdminClient(url, token);
  }

  /** A name nothing else in the stack has. */
  newName(prefix: string): string {
    return `${prefix}${++this.#names}`;
  }

  async createRole(name = this.newName('Orders.write')): Promise<string> {
    await this.client.expect(201, 'POST', '/v1/user-roles', { name, description: 'may write orders' });
    return name;
  }

  createInstance(roles?: readonly string[], name = this.newName('shop-')): Promise<ServiceInstance> {
    return this.client.expect(201, 'POST', '/v1/service-instances', {
      name,
      plan: 'integration-flow',
      ...(roles ? { parameters: { roles } } : {}),
    });
  }

  setRoles(instance: ServiceInstance, roles: readonly string[]): Promise<ServiceInstance> {
    return this.client.expect(200, 'PATCH', `/v1/service-instances/${instance.id}`, { parameters: { roles } });
  }

  createKey(
    instance: ServiceInstance,
    parameters: Readonly<Record<string, unknown>>,
    name = this.newName('key-'),
  ): Promise<ServiceKey> {
    return this.client.expect(201, 'POST', `/v1/service-instances/${instance.id}/service-keys`, { name, parameters });
  }

  /** A key of type `certificate` with a P-256 key pair, which is quickly made. */
  createCertificateKey(instance: ServiceInstance): Promise<ServiceKey> {
    return this.createKey(instance, { 'key-type': 'certificate', 'key-algorithm': 'P-256', validity: 30 });
  }

  createExternalKey(instance: ServiceInstance, pem: string): Promise<ServiceKey> {
    return this.createKey(instance, { 'key-type': 'certificate_external', 'X.509': pem });
  }

  deleteKey(key: ServiceKey): Promise<void> {
    return this.client.expect(204, 'DELETE', `/v1/service-keys/${key.id}`);
  }

  addTrustedRoot(pem: string): Promise<{ sha256: string; subject: string }> {
    return this.client.expect(201, 'POST', '/v1/trusted-roots', { pem });
  }

  removeTrustedRoot(sha256: string): Promise<void> {
    return this.client.expect(204, 'DELETE', `/v1/trusted-roots/${sha256}`);
  }

  /** Deploys a flow whose address is its id. */
  async deployFlow(options: FlowOptions = {}, id = this.newName('flow-')): Promise<Flow> {
    const { role = 'ESBMessaging.send', authorization = { type: 'UserRole', role }, steps = [], sender = {} } = options;
    const definition = { name: id, sender: { adapter: 'HTTPS', address: `/${id}`, authorization, ...sender }, steps };
    return this.client.expect(201, 'PUT', `/v1/flows/${id}`, definition);
  }

  /** The record of a call that was denied; it is on its way when the sender has its answer. */
  async decision(id: string): Promise<Decision> {
    return this.stored(`/v1/decisions/${id}`);
  }

  /** The entry of a message; it is on the bus when its sender has the answer, and in Postgres a moment later. */
  async messageLog(id: string): Promise<MessageLog> {
    return this.stored(`/v1/message-processing-logs/${id}`);
  }

  /** What is on its way to Postgres when its id is told, once it is there. */
  private async stored<Found>(path: string): Promise<Found> {
    const isThere = async (): Promise<boolean> => (await this.client.request('GET', path)).status !== 404;
    await until(isThere, { what: path, timeoutMs: 20_000 });
    return this.client.expect<Found>(200, 'GET', path);
  }
}
