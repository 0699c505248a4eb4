import { inboxPrefix, renderBusServerConfiguration, servicePermissions, type ServiceName } from '@sluice/contracts';
import { TestNats } from '@sluice/testing';
import { createAccount, createUser, type KeyPair } from '@nats-io/nkeys';
import { connect, nkeyAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import { join } from 'node:path';

const services = Object.keys(servicePermissions) as ServiceName[];

/** A user in an account with streams, in which no service is. */
const operatorOf = (account: string): string => `users: [ { user: ${account}, password: ${account} } ]`;

/** A server with the accounts and permissions of a real bus, without TLS. */
export class TestBus {
  readonly #connections: NatsConnection[] = [];

  private constructor(
    readonly nats: TestNats,
    private readonly keys: Readonly<Record<ServiceName, KeyPair>>,
  ) {}

  static async start(): Promise<TestBus> {
    const keys = Object.fromEntries(services.map((service) => [service, createUser()])) as Record<ServiceName, KeyPair>;
    const serviceKeys = Object.fromEntries(
      services.map((service) => [service, keys[service].getPublicKey()]),
    ) as Record<ServiceName, string>;
    const nats = await TestNats.start({
      configuration: ({ listen, folder }) =>
        renderBusServerConfiguration({
          listen,
          storeDirectory: join(folder, 'jetstream'),
          tls: { certificateFile: 'none', keyFile: 'none' },
          serviceKeys,
          callout: { responderKey: createUser().getPublicKey(), issuerKey: createAccount().getPublicKey() },
        })
          .replace(/\ntls \{[^}]*\}/, '')
          .replace(/^ {2}(SLUICE|EVENTS) \{$/gm, (line, account: string) => `${line}\n    ${operatorOf(account)}`)
          .replace('auth_users: [', 'auth_users: [ SLUICE, EVENTS, '),
    });
    return new TestBus(nats, keys);
  }

  /** A connection with the permissions of a service. */
  async as(service: ServiceName): Promise<NatsConnection> {
    const connection = await connect({
      // On a busy machine the first words of the server can come too late.
      timeout: 5_000,
      waitOnFirstConnect: true,
      servers: this.nats.url,
      authenticator: nkeyAuthenticator(this.keys[service].getSeed()),
      inboxPrefix: inboxPrefix(service),
    });
    this.#connections.push(connection);
    return connection;
  }

  /** A connection of who operates the bus: with all permissions in an account that has streams. */
  async operate(account: 'SLUICE' | 'EVENTS'): Promise<NatsConnection> {
    const connection = await connect({ timeout: 5_000, servers: this.nats.url, user: account, pass: account });
    this.#connections.push(connection);
    return connection;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.close()));
    await this.nats.stop();
  }
}
