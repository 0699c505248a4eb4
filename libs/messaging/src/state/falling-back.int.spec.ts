import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { stateKey, stateStream, stateSubjectPrefix, stateWriters } from '@sluice/contracts';
import { jetstreamManager } from '@nats-io/jetstream';
import { TestNats, until } from '@sluice/testing';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { generateKeyPairSync } from 'node:crypto';
import { RecordReader } from './signed-record.js';
import { StateBucket } from './state-bucket.js';
import { StateFollower } from './state-follower.js';
import { StateLease } from './state-lease.js';
import { StatePublisher } from './state-publisher.js';

const { publicKey } = generateKeyPairSync('ed25519');
const reader = new RecordReader([publicKey.export({ type: 'spki', format: 'pem' }) as string]);
const text = new TextEncoder();
const services = Object.keys(stateWriters);

let nats: TestNats;
let connection: NatsConnection;
let bucket: StateBucket;
let publisher: StatePublisher;
let followers: StateFollower[];
let losses: string[];
/** How much later it is for followers than it is, in milliseconds. */
let later: number;
let faults: string[];

beforeEach(async () => {
  nats = await TestNats.start();
  connection = await connect({ servers: nats.url, maxReconnectAttempts: -1, reconnectTimeWait: 20 });
  bucket = await StateBucket.open(connection, 1_000);
  publisher = new StatePublisher(connection, bucket, 1_000);
  followers = [];
  losses = [];
  later = 0;
  faults = [];
  await bucket.create();
  await complete();
});

afterEach(async () => {
  for (const follower of followers) follower.stop();
  await connection.close();
  await nats.stop();
});

function follow(slot = 7): StateFollower {
  const now = () => performance.now() + later;
  const follower = new StateFollower({
    connection,
    bucket,
    reader,
    holds: ['role'],
    heartbeatMs: 50,
    now,
    lease: new StateLease({ bucket, publisher, now, drawSlot: () => slot++ }),
    onFault: (_error, what) => faults.push(what),
  });
  follower.onLoss((epoch, reason) => losses.push(`${epoch} ${reason}`));
  followers.push(follower);
  follower.start();
  return follower;
}

async function put(record: { readonly key: string } & Record<string, unknown>, version = 1): Promise<number> {
  return publisher.publishAlways(
    record.key,
    version,
    text.encode(JSON.stringify({ version, deleted: false, ...record })),
  );
}

const role = (name: string, version = 1) => put({ key: stateKey.role(name), name }, version);

async function complete(): Promise<void> {
  const { epoch } = (await bucket.state()) ?? { epoch: '' };
  for (const service of services) await put({ key: stateKey.complete(service), service, epoch });
}

/** What the writing services say once a second, when they have seen that all they were acknowledged stands. */
async function confirm(names = services): Promise<void> {
  const { epoch, incarnation } = (await bucket.state()) ?? { epoch: '', incarnation: '' };
  for (const service of names) await put({ key: stateKey.confirmation(service), service, epoch, incarnation });
}

/** A follower that has a lease, and has had one for a moment. */
async function followWithLease(): Promise<StateFollower> {
  const follower = follow();
  await until(
    async () => {
      await confirm();
      return Number.isFinite(follower.currentAsOf) && follower.ready;
    },
    { what: 'the lease' },
  );
  return follower;
}

const leaseRenewed = async (follower: StateFollower, since = performance.now()) =>
  until(() => follower.currentAsOf > since, { what: 'another lease' });
const heartbeats = (follower: StateFollower, count: number) => {
  const from = follower.position?.sequence ?? 0;
  return until(() => (follower.position?.sequence ?? 0) >= from + count, { what: 'heartbeats' });
};

describe('a lease on the state stream', () => {
  it('begins when every writing service has confirmed the stream after it was asked for', async () => {
    const follower = follow();
    await until(
      async () => {
        await confirm(services.slice(1));
        return follower.unconfirmedWriters.length === 1;
      },
      { what: 'the confirmations of all but one' },
    );
    await heartbeats(follower, 3);
    expect(follower.currentAsOf).toBe(Number.NEGATIVE_INFINITY);
    expect(follower.ready).toBe(false);
    expect(follower.unconfirmedWriters).toEqual(services.slice(0, 1));
    await confirm(services.slice(0, 1));
    await leaseRenewed(follower, 0);
    expect(follower.ready).toBe(true);
  });

  it('goes on without the writing services, and tells since when they have been away', async () => {
    const follower = await followWithLease();
    const asOf = follower.confirmedAsOf;
    await leaseRenewed(follower);
    await leaseRenewed(follower);
    expect(follower.confirmedAsOf).toBe(asOf);
    const before = performance.now();
    await heartbeats(follower, 2);
    await confirm(services.slice(1));
    await heartbeats(follower, 1);
    expect(follower.confirmedAsOf).toBe(asOf);
    await confirm();
    await until(() => follower.confirmedAsOf > before, { what: 'the confirmation' });
  });

  it('attack 37: a confirmation of another run of the server does not count', async () => {
    const follower = follow();
    await heartbeats(follower, 2);
    const { epoch } = (await bucket.state()) ?? {};
    for (const service of services)
      await put({ key: stateKey.confirmation(service), service, epoch, incarnation: 'the run before' });
    await heartbeats(follower, 3);
    expect(follower.ready).toBe(false);
  });

  it('attack 38: is not renewed by a stream that can be read and not written', async () => {
    const follower = await followWithLease();
    const state = await bucket.state();
    await bucket.seal();
    const sealed = performance.now();
    await until(() => faults.filter((what) => what === 'renewing the lease').length > 2, { what: 'failed renewals' });
    expect((await bucket.state())?.epoch).toBe(state?.epoch);
    await until(async () => (await bucket.last(stateKey.complete(services[0] ?? ''))) !== undefined, {
      what: 'a read',
    });
    expect(follower.currentAsOf).toBeLessThan(sealed + 50);
  });

  it('stands through a server that was killed and lost nothing, once the writing services have confirmed that', async () => {
    const follower = await followWithLease();
    const position = follower.position?.sequence ?? 0;
    let forgotten = 0;
    follower.onEpoch(() => forgotten++);
    await nats.halt('SIGKILL');
    await nats.start();
    await until(() => follower.unconfirmedWriters.length > 0, { what: 'noticing that it was interrupted' });
    await until(() => follower.position, { what: 'being in step again' });
    expect(follower.position?.sequence).toBeGreaterThanOrEqual(position);
    expect(follower.ready).toBe(false);
    await until(async () => (await confirm(), follower.ready), { what: 'readiness' });
    await leaseRenewed(follower);
    expect(forgotten).toBe(0);
    expect(losses).toEqual([]);
  });

  it('attack 37: a store that fell back behind what was applied is noticed, told, and nothing is decided by it', async () => {
    await role('A');
    const follower = await followWithLease();
    const copy = nats.copyStore();
    await role('A', 2);
    await heartbeats(follower, 3);
    await nats.losePower(copy);
    await until(() => losses.length > 0, { what: 'the loss' });
    await until(async () => (await confirm(), follower.position), { what: 'being in step again' });
    expect(follower.loss).toBeDefined();
    expect(follower.usable).toBe(false);
    expect(follower.ready).toBe(false);
    await bucket.remove();
    await bucket.create();
    await complete();
    await until(async () => (await confirm(), follower.ready), { what: 'readiness in the new epoch' });
    expect(follower.loss).toBeUndefined();
  });

  it('attack 37: a loss is told again where what told it was lost itself, from the middle of the store', async () => {
    const follower = await followWithLease();
    const { epoch = '' } = (await bucket.state()) ?? {};
    await put({ key: stateKey.loss('flow-runtime'), service: 'flow-runtime', epoch, reason: 'it fell back' });
    await until(() => losses.length === 1, { what: 'what everybody who heard of it says' });
    await heartbeats(follower, 3);
    expect(losses).toEqual([`${epoch} it fell back`]);
    const manager = await jetstreamManager(connection);
    await manager.streams.purge(stateStream, { filter: `${stateSubjectPrefix}${stateKey.loss('flow-runtime')}` });
    later += 5_000;
    await until(() => losses.length === 2, { what: 'the loss, told again' });
  });

  it('attack 37: sequences that were given again to other content are noticed, however far the stream has come since', async () => {
    let slot = 100;
    const lease = new StateLease({ bucket, publisher, now: () => 0, drawSlot: () => slot++ });
    await lease.write();
    const copy = nats.copyStore();
    const lost = await role('A');
    lease.applied(stateKey.role('A'), lost, (await bucket.last(stateKey.role('A')))?.value ?? new Uint8Array());
    await nats.losePower(copy);
    await until(() => bucket.state(), { what: 'the server' });
    for (const name of ['X', 'Y', 'Z']) await role(name);
    expect((await bucket.state())?.lastSequence).toBeGreaterThan(lost);
    expect(await lease.compare(lost)).toBe('lost');
  });

  it('a lease whose answer was lost still stands, and one of another process in the same slot is no loss', async () => {
    const lease = new StateLease({ bucket, publisher, now: () => 0, drawSlot: () => 1 });
    const { sequence } = await lease.write();
    expect(await lease.compare(sequence)).toBe('kept');
    const other = new StateLease({ bucket, publisher, now: () => 0, drawSlot: () => 1 });
    await other.write();
    await expect(lease.write()).rejects.toThrow(/does not stand/);
    expect(await lease.compare(sequence)).toBe('unknown');
  });

  it('a record that replaced an applied one of the same key is no loss', async () => {
    let slot = 3;
    const lease = new StateLease({ bucket, publisher, now: () => 0, drawSlot: () => slot++ });
    await lease.write();
    const first = await role('A');
    lease.applied(stateKey.role('A'), first, (await bucket.last(stateKey.role('A')))?.value ?? new Uint8Array());
    await role('A', 2);
    expect(await lease.compare(first)).toBe('kept');
  });
});
