import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TemporaryFolder, TestAuthority, TestNats, until } from '@sluice/testing';
import { createUser } from '@nats-io/nkeys';
import { type NatsConnection } from '@nats-io/transport-node';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectBus, type BusOptions } from './connect-bus.js';

describe('the connection of a service to its bus', () => {
  const folder = new TemporaryFolder('connect-bus');
  const known = createUser();
  const added = createUser();
  /** Users the server knows at its next start. */
  const users = [known.getPublicKey()];
  const connections: NatsConnection[] = [];
  let nats: TestNats;
  let seedFile: string;
  let caFile: string;

  const file = (name: string, content: string | Uint8Array): string => {
    writeFileSync(join(folder.path, name), content);
    return join(folder.path, name);
  };

  beforeAll(async () => {
    const ca = await TestAuthority.root({ subject: 'CN=Bus CA' });
    const server = await ca.leaf({
      subject: 'CN=bus',
      // The client checks the one of an address against the name of this machine.
      subjectAltNames: ['localhost'],
      extendedKeyUsage: ['serverAuth'],
    });
    caFile = file('ca.pem', ca.certificate.pem);
    // As an editor leaves it.
    seedFile = file('seed', `${new TextDecoder().decode(known.getSeed())}\n`);
    const [certificate, key] = [file('server.pem', server.pem), file('server.key', server.key.pem)];
    nats = await TestNats.start({
      configuration: ({ listen }) => `
        listen: ${JSON.stringify(listen)}
        tls { cert_file: ${JSON.stringify(certificate)}, key_file: ${JSON.stringify(key)} }
        authorization { users: [ ${users.map((nkey) => `{ nkey: ${nkey} }`).join(', ')} ] }`,
    });
  }, 60_000);
  afterAll(async () => {
    await Promise.all(connections.map((connection) => connection.close()));
    await nats?.stop();
    folder.remove();
  });

  async function connect(more: Partial<BusOptions> = {}): Promise<NatsConnection> {
    const connection = await connectBus({
      service: 'authorization',
      url: nats.url,
      seedFile,
      caFile,
      name: 'authorization 1',
      ...more,
    });
    connections.push(connection);
    return connection;
  }

  /** Where an answer to it comes. */
  async function inboxOf(connection: NatsConnection): Promise<string | undefined> {
    const answering = await connect();
    const subscription = answering.subscribe('where', {
      callback: (_error, message) => void message.respond(message.reply ?? ''),
    });
    await answering.flush();
    const answer = (await connection.request('where', '', { timeout: 5_000 })).string();
    subscription.unsubscribe();
    return answer;
  }

  it('is by TLS and the key of the service, whose answers come to an inbox that is its own', async () => {
    expect(await inboxOf(await connect())).toMatch(/^_INBOX_authorization\./);
    expect(await inboxOf(await connect({ inboxPrefix: '_INBOX_callout' }))).toMatch(/^_INBOX_callout\./);
  });

  it('is made with whichever of several servers is there', async () => {
    expect((await connect({ url: `nats://127.0.0.1:1,${nats.url}` })).getServer()).toContain(String(nats.port));
  });

  it('is refused, rather than tried for ever, to a key the server does not know', async () => {
    const stranger = file('stranger', createUser().getSeed());
    await expect(connect({ seedFile: stranger })).rejects.toThrow(/authorization/i);
  });

  it('waits for a server that is not up, and for one that does not know the key yet where that is to be waited for', async () => {
    await nats.halt();
    const late = connect();
    const addedSeed = file('added', added.getSeed());
    await nats.start();
    const connection = await late;
    expect(connection.isClosed()).toBe(false);

    const unknown = connect({ seedFile: addedSeed, waitUntilKnown: true });
    await until(() => nats.output.some((line) => line.includes('authentication error')), { what: 'the refusal' });
    users.push(added.getPublicKey());
    await nats.halt();
    await nats.start();
    expect((await unknown).isClosed()).toBe(false);
  });

  it('fails what is asked over it when it is lost, and comes back by itself', async () => {
    const connection = await connect();
    const listening = await connect();
    let heard = 0;
    listening.subscribe('silent', { callback: () => void heard++ });
    await listening.flush();
    const pending = expect(connection.request('silent', '', { timeout: 600_000 })).rejects.toThrow('was lost');
    await until(() => heard > 0, { what: 'the request' });
    await nats.halt('SIGKILL');
    await pending;
    await nats.start();
    await until(() => connection.flush().then(() => true), { what: 'the connection again' });
  });
});
