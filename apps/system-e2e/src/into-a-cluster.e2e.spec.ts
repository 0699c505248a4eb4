import { afterAll, describe, expect, it } from '@jest/globals';
import { TemporaryFolder, until } from '@sluice/testing';
import { jetstreamManager } from '@nats-io/jetstream';
import { Administrator } from './administrator/administrator.js';
import { connectAsSubscriber } from './bus/connect-to-bus.js';
import { EventSubscription, eventStream } from './bus/event-subscription.js';
import { LocalStack } from './stack/local-stack.js';
import { senderWithKey } from './stack/senders.js';

describe('one server of NATS and of Postgres taken over into several', () => {
  const home = new TemporaryFolder('into-a-cluster');
  let stack: LocalStack | undefined;

  afterAll(async () => {
    await stack?.stop();
    home.remove();
  });

  it('keeps every key, every end of one, and the events of the last days with their ids', async () => {
    stack = await LocalStack.start({ home: home.path });
    let administrator = new Administrator(stack.facts.adminUrl, stack.facts.adminToken);
    const role = await administrator.createRole();
    const instance = await administrator.createInstance([role]);
    const flow = await administrator.deployFlow({ role });
    const key = await administrator.createCertificateKey(instance);
    const ended = await administrator.createCertificateKey(instance);
    await administrator.deleteKey(ended);
    const before = await connectAsSubscriber(stack);
    const earlier = await EventSubscription.open(before, 'before');
    const created = await earlier.next('service-key.created', key.id);
    const deleted = await earlier.next('service-key.deleted', ended.id);
    await before.close();
    await stack.end();

    // The stores of the cluster are new, and so is the standby: Postgres has all of it.
    stack = await LocalStack.start({
      home: home.path,
      environment: { SLUICE_NATS_SERVERS: '3', SLUICE_POSTGRES_SERVERS: '2' },
    });
    administrator = new Administrator(stack.facts.adminUrl, stack.facts.adminToken);
    using sender = senderWithKey(stack, key);
    using refused = senderWithKey(stack, ended);
    expect((await sender.send(`/http/${flow.id}`, { body: 'x' })).status).toBe(200);
    expect((await refused.send(`/http/${flow.id}`, { body: 'x' })).status).toBe(401);
    const after = await connectAsSubscriber(stack);
    const later = await EventSubscription.open(after, 'after');
    expect((await later.next('service-key.created', key.id)).messageId).toBe(created.messageId);
    expect((await later.next('service-key.deleted', ended.id)).messageId).toBe(deleted.messageId);
    const manager = await jetstreamManager(after);
    await until(async () => (await manager.streams.info(eventStream)).config.num_replicas === 3, {
      what: 'three replicas',
    });
    const added = await administrator.createCertificateKey(instance);
    await later.next('service-key.created', added.id);
    await after.close();
  }, 240_000);
});
