import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { stateKey, stateWriters } from '@sluice/contracts';
import { TestNats, until } from '@sluice/testing';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { generateKeyPairSync } from 'node:crypto';
import { ClockComparison } from './clock-comparison.js';
import { RecordReader, RecordSigner } from './signed-record.js';
import { StateBucket } from './state-bucket.js';
import { StateFollower } from './state-follower.js';
import { StatePublisher } from './state-publisher.js';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const signer = new RecordSigner(privateKey.export({ type: 'pkcs8', format: 'pem' }) as string);
const reader = new RecordReader([publicKey.export({ type: 'spki', format: 'pem' }) as string]);
const text = new TextEncoder();

let nats: TestNats;
let connection: NatsConnection;
let bucket: StateBucket;
let publisher: StatePublisher;
const followers: StateFollower[] = [];
let faults: string[];

beforeEach(async () => {
  nats = await TestNats.start();
  connection = await connect({ servers: nats.url, maxReconnectAttempts: -1, reconnectTimeWait: 20 });
  bucket = await StateBucket.open(connection);
  publisher = new StatePublisher(connection, bucket);
  faults = [];
});

afterEach(async () => {
  followers.splice(0).forEach((follower) => follower.stop());
  await connection.close();
  await nats.stop();
});

function follow(
  holds: ConstructorParameters<typeof StateFollower>[0]['holds'] = ['role'],
  capacity = 100,
  readsWith = reader,
  clocks?: ClockComparison,
): StateFollower {
  const follower = new StateFollower({
    connection,
    bucket,
    reader: readsWith,
    holds,
    ...(clocks ? { clocks } : {}),
    capacity,
    heartbeatMs: 50,
    othersLookedMs: 50,
    onFault: (_error, what) => faults.push(what),
  });
  followers.push(follower);
  follower.start();
  return follower;
}

const role = (name: string, version = 1, deleted = false) =>
  publisher.publish(
    stateKey.role(name),
    version,
    text.encode(JSON.stringify({ key: stateKey.role(name), version, deleted, name })),
  );

const instance = (id: string, roles: string[], version = 1) => {
  const record = { key: stateKey.instance(id), version, deleted: false, id, name: id, plan: 'integration-flow', roles };
  return publisher.publish(record.key, version, signer.encode(record));
};

const deleted = (id: string) =>
  signer.encode({
    key: stateKey.instance(id),
    version: 2,
    deleted: true,
    id,
    name: id,
    plan: 'integration-flow',
    roles: [],
  });

async function complete(): Promise<void> {
  const { epoch } = (await bucket.state()) ?? { epoch: '' };
  for (const service of Object.keys(stateWriters)) {
    const key = stateKey.complete(service);
    await publisher.publish(key, 1, text.encode(JSON.stringify({ key, version: 1, deleted: false, service, epoch })));
  }
}

describe('a follower of the state stream', () => {
  it('is not ready before every writing service has completed the epoch', async () => {
    const follower = follow();
    expect(follower.position).toBeUndefined();
    await bucket.create();
    await role('A');
    await until(() => follower.position, { what: 'a position' });
    expect(follower.ready).toBe(false);
    expect(follower.missingWriters.sort()).toEqual(Object.keys(stateWriters).sort());
    await complete();
    await until(() => follower.ready, { what: 'readiness' });
  });

  it('is neither ready nor usable while its clock is far from those of the bus and of the writing services', async () => {
    const hour = 3_600_000;
    let ahead = 0;
    await bucket.create();
    await complete();
    const { epoch = '', incarnation = '' } = (await bucket.state()) ?? {};
    const follower = follow(['role'], 100, reader, new ClockComparison(undefined, () => Date.now() + ahead));
    await until(() => follower.ready, { what: 'readiness' });
    let version = 0;
    const confirm = async () => {
      version++;
      for (const service of Object.keys(stateWriters)) {
        const key = stateKey.confirmation(service);
        const record = { key, version, deleted: false, service, epoch, incarnation, wallClockMs: Date.now() };
        const sequence = await publisher.publishAlways(key, version, text.encode(JSON.stringify(record)));
        expect(await follower.reach({ epoch, sequence }, 5_000)).toBe(true);
      }
    };
    await confirm();
    expect(follower.ready).toBe(true);
    ahead = hour;
    for (let times = 0; times < 3; times++) await confirm();
    expect({ ready: follower.ready, usable: follower.usable }).toEqual({ ready: false, usable: false });
    expect(Math.round((follower.clocks?.deviationMs ?? 0) / 1_000)).toBe(3_600);
    ahead = 0;
    for (let times = 0; times < 3; times++) await confirm();
    expect({ ready: follower.ready, usable: follower.usable }).toEqual({ ready: true, usable: true });
  });

  it('attack 53: takes key, sequence and time from the server, not from headers that who wrote one key sent with it', async () => {
    await bucket.create();
    await complete();
    const follower = follow(['role']);
    await until(() => follower.ready, { what: 'readiness' });
    const heard: string[] = [];
    follower.onChange(({ key }) => heard.push(key));
    const forged = headers();
    forged.set('Nats-Subject', '$KV.SLUICE_STATE.role.Forged');
    forged.set('Nats-Sequence', '40');
    const record = { key: stateKey.role('Forged'), version: 1, deleted: false, name: 'Forged' };
    await connection.request('$KV.SLUICE_STATE.guard.x', text.encode(JSON.stringify(record)), {
      headers: forged,
      timeout: 2_000,
    });
    const sequence = await role('Real');
    expect(await follower.reach({ epoch: follower.epoch ?? '', sequence }, 5_000)).toBe(true);
    expect(heard).not.toContain(stateKey.role('Forged'));
    expect(follower.held(stateKey.role('Forged')).record).toBeUndefined();
    expect(follower.held<'role'>(stateKey.role('Real')).record?.name).toBe('Real');
  });

  it('attack 53: is nowhere that the stream is not, whatever sequence is sent as a header with a message', async () => {
    await bucket.create();
    await complete();
    const follower = follow(['role']);
    await until(() => follower.ready, { what: 'readiness' });
    const heard: string[] = [];
    follower.onChange(({ key }) => heard.push(key));
    const { epoch = '', lastSequence = 0 } = (await bucket.state()) ?? {};
    const forged = headers();
    // That of the message after it: whoever believes it takes this for that one, and misses what that one says.
    forged.set('Nats-Sequence', String(lastSequence + 2));
    await connection.request('$KV.SLUICE_STATE.guard.x', text.encode('{}'), { headers: forged, timeout: 2_000 });
    expect(await follower.reach({ epoch, sequence: lastSequence + 1 }, 5_000)).toBe(true);
    expect(await follower.reach({ epoch, sequence: lastSequence + 2 }, 300)).toBe(false);
    expect(await role('Next')).toBe(lastSequence + 2);
    expect(await follower.reach({ epoch, sequence: lastSequence + 2 }, 5_000)).toBe(true);
    expect(heard).toContain(stateKey.role('Next'));
  });

  it('attack 53: lets a service confirm in its own name alone, and tell its own time alone', async () => {
    await bucket.create();
    await complete();
    const { epoch = '', incarnation = '' } = (await bucket.state()) ?? {};
    const clocks = new ClockComparison(undefined, () => Date.now());
    const follower = follow(['role'], 100, reader, clocks);
    await until(() => follower.ready, { what: 'readiness' });
    const key = stateKey.confirmation('authorization');
    for (const [index, service] of ['key-management', 'made-up-1', 'made-up-2', 'made-up-3', 'made-up-4'].entries()) {
      const said = {
        key,
        version: index + 1,
        deleted: false,
        service,
        epoch,
        incarnation,
        wallClockMs: Date.now() + 3_600_000,
      };
      const sequence = await publisher.publishAlways(key, index + 1, text.encode(JSON.stringify(said)));
      expect(await follower.reach({ epoch, sequence }, 5_000)).toBe(true);
    }
    expect(clocks.others.map(({ clock }) => clock)).toEqual([]);
    expect(follower.ready).toBe(true);
  });

  it('loads what was there, and hears of what comes with its sequence', async () => {
    await bucket.create();
    await role('A');
    await role('B.c');
    const follower = follow();
    await until(() => follower.position?.sequence === 2, { what: 'the load' });
    expect([...follower.heldOf('role')].map(({ record }) => record.name).sort()).toEqual(['A', 'B.c']);
    const changes: string[] = [];
    follower.onChange(({ key, sequence }) => changes.push(`${sequence} ${key}`));
    const sequence = await role('A', 2, true);
    expect(await follower.reach({ epoch: follower.epoch ?? '', sequence }, 5_000)).toBe(true);
    expect(changes).toEqual([`${sequence} ${stateKey.role('A')}`]);
    expect(follower.held(stateKey.role('A'))).toEqual({ key: stateKey.role('A'), sequence, record: undefined });
  });

  it('fetches a record it does not hold, and keeps the fetched one in step', async () => {
    await bucket.create();
    await instance('i', ['A']);
    const follower = follow();
    await until(() => follower.position, { what: 'a position' });
    expect((await follower.fetch<'instance'>('instance.i')).record?.roles).toEqual(['A']);
    const sequence = await instance('i', ['B'], 2);
    await follower.reach({ epoch: follower.epoch ?? '', sequence }, 5_000);
    const remembered = follower.fetch<'instance'>('instance.i');
    expect(remembered).not.toBeInstanceOf(Promise);
    expect(await remembered).toMatchObject({ sequence, record: { roles: ['B'] } });
  });

  it('does not remember that a record is absent: it would miss the one that comes', async () => {
    await bucket.create();
    await instance('another', ['A']);
    const follower = follow();
    await until(() => follower.position, { what: 'a position' });
    expect(await follower.fetch('instance.i')).toEqual({ key: 'instance.i', sequence: 0, record: undefined });
    await instance('i', ['A']);
    expect((await follower.fetch<'instance'>('instance.i')).record?.roles).toEqual(['A']);
  });

  it('does not ask the leader for what came while it followed, and has the newest of it', async () => {
    await bucket.create();
    const follower = follow();
    await until(() => follower.position, { what: 'a position' });
    await instance('i', ['A']);
    await instance('gone', ['A']);
    await publisher.publish('instance.gone', 2, deleted('gone'));
    const sequence = await instance('i', ['B'], 2);
    await follower.reach({ epoch: follower.epoch ?? '', sequence }, 5_000);
    expect(follower.fetch<'instance'>('instance.i')).toMatchObject({ sequence, record: { roles: ['B'] } });
    expect(follower.fetch('instance.gone')).toMatchObject({ sequence: sequence - 1, record: undefined });
  });

  it('keeps nothing of what came when it is to remember nothing', async () => {
    await bucket.create();
    const follower = follow(['role'], 0);
    await until(() => follower.position, { what: 'a position' });
    const sequence = await instance('i', ['A']);
    await follower.reach({ epoch: follower.epoch ?? '', sequence }, 5_000);
    const fetched = follower.fetch<'instance'>('instance.i');
    expect(fetched).toBeInstanceOf(Promise);
    expect((await fetched).record?.roles).toEqual(['A']);
  });

  it('does not believe what came without the right signature', async () => {
    await bucket.create();
    const follower = follow();
    await until(() => follower.position, { what: 'a position' });
    const forged = { key: 'instance.i', version: 1, deleted: false, id: 'i', name: 'i', plan: 'api', roles: ['A'] };
    const sequence = await publisher.publish('instance.i', 1, text.encode(JSON.stringify(forged)));
    await follower.reach({ epoch: follower.epoch ?? '', sequence }, 5_000);
    expect(follower.fetch('instance.i')).toEqual({ key: 'instance.i', sequence, record: undefined });
    expect(faults).toContain('the state record instance.i');
  });

  it('does not ask the leader for records of a kind of which the bucket has none, until the first one comes', async () => {
    await bucket.create();
    await role('A');
    const follower = follow();
    await until(() => follower.position, { what: 'a position' });
    expect(follower.fetch('instance.i')).toEqual({ key: 'instance.i', sequence: 0, record: undefined });
    const sequence = await instance('another', ['A']);
    await follower.reach({ epoch: follower.epoch ?? '', sequence }, 5_000);
    expect(follower.fetch('instance.i')).toBeInstanceOf(Promise);
    expect(follower.fetch('credential.c')).not.toBeInstanceOf(Promise);
    expect((await follower.fetch('instance.i')).record).toBeUndefined();
  });

  it('takes a record without the right signature for absent, and reports it', async () => {
    await bucket.create();
    const forged = { key: 'instance.i', version: 1, deleted: false, id: 'i', name: 'i', plan: 'api', roles: ['A'] };
    await publisher.publish('instance.i', 1, text.encode(JSON.stringify(forged)));
    const follower = follow();
    await until(() => follower.position, { what: 'a position' });
    expect((await follower.fetch('instance.i')).record).toBeUndefined();
    expect(faults).toContain('the state record instance.i');
  });

  it('catches up with what was published while the bus was away, before it has a position again', async () => {
    await bucket.create();
    await role('A');
    const follower = follow();
    await until(() => follower.position, { what: 'a position' });
    const asOf = follower.currentAsOf;
    await nats.halt('SIGKILL');
    await nats.start();
    const sequence = await until(() => role('B'), { what: 'a publication after the restart' });
    await until(() => follower.position?.sequence === sequence, { what: 'the position after the restart' });
    expect([...follower.heldOf('role')].map(({ record }) => record.name).sort()).toEqual(['A', 'B']);
    await until(() => follower.currentAsOf > asOf, { what: 'a new heartbeat' });
  });

  it('forgets everything when the bucket is another one', async () => {
    await bucket.create();
    await role('A');
    await role('B');
    const follower = follow();
    await until(() => follower.position, { what: 'a position' });
    const epochs: (string | undefined)[] = [];
    follower.onEpoch((epoch) => epochs.push(epoch));
    const before = follower.epoch;
    await (await jetstreamManager(connection)).streams.delete('KV_SLUICE_STATE');
    await bucket.create();
    await role('C');
    await until(() => follower.epoch !== before && follower.position, { what: 'the new epoch' });
    expect(epochs.length).toBeGreaterThan(0);
    expect([...follower.heldOf('role')].map(({ record }) => record.name)).toEqual(['C']);
    expect(follower.ready).toBe(false);
  });

  it('forgets what it kept unread, and of which kinds there was nothing, when the bucket is another one', async () => {
    await bucket.create();
    const follower = follow();
    await until(() => follower.position, { what: 'a position' });
    // More at once than are read ahead.
    const ids = Array.from({ length: 200 }, (_, index) => `i${index}`);
    const sequences = await Promise.all(ids.map((id) => instance(id, ['A'])));
    await follower.reach({ epoch: follower.epoch ?? '', sequence: Math.max(...sequences) }, 5_000);
    const before = follower.epoch;
    await bucket.remove();
    await until(() => follower.epoch === undefined, { what: 'the loss to be seen' });
    await bucket.create();
    const guard = { key: 'guard.g', version: 1, deleted: false };
    const sequence = await publisher.publish(guard.key, 1, text.encode(JSON.stringify(guard)));
    await until(() => follower.position && follower.epoch !== before, { what: 'the new bucket' });
    const found = await Promise.all(ids.map((id) => follower.fetch(stateKey.instance(id))));
    expect(found.filter(({ sequence }) => sequence > 0)).toEqual([]);
    expect(await follower.fetch(guard.key)).toMatchObject({ sequence });
  });

  it('waits for a position only so long, and never reaches one of another epoch', async () => {
    await bucket.create();
    await role('A');
    const follower = follow();
    await until(() => follower.position, { what: 'a position' });
    expect(await follower.reach({ epoch: follower.epoch ?? '', sequence: 99 }, 20)).toBe(false);
    expect(await follower.reach({ epoch: 'another', sequence: 1 }, 20)).toBe(false);
  });
});

describe('a writer of the state stream', () => {
  it('never covers a newer version with an older one, however late it comes', async () => {
    await bucket.create();
    await role('A', 1);
    await role('A', 5);
    const sequence = await role('A', 3);
    const stored = await bucket.last(stateKey.role('A'));
    expect(stored).toMatchObject({ version: 5, sequence });
  });

  it('lets one of many writers of a first version win, and the highest version stand at the end', async () => {
    await bucket.create();
    await Promise.all(Array.from({ length: 20 }, (_, index) => role('A', 1 + ((index * 7) % 20))));
    expect((await bucket.last(stateKey.role('A')))?.version).toBe(20);
  });

  it('does not bring a record back that ended', async () => {
    await bucket.create();
    await role('A', 1);
    await role('A', 2, true);
    await role('A', 1);
    expect((await bucket.last(stateKey.role('A')))?.version).toBe(2);
  });
});

describe('a follower when other keys may sign records', () => {
  const make = () => {
    const keys = generateKeyPairSync('ed25519');
    return {
      signer: new RecordSigner(keys.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string),
      pem: keys.publicKey.export({ type: 'spki', format: 'pem' }) as string,
    };
  };
  const [older, newer] = [make(), make()];
  const put = (signedBy: typeof older, id: string, roles: string[], version = 1) => {
    const record = {
      key: stateKey.instance(id),
      version,
      deleted: false,
      id,
      name: id,
      plan: 'integration-flow',
      roles,
    };
    return publisher.publish(record.key, version, signedBy.signer.encode(record));
  };
  const readWith = (first: readonly string[]) => {
    const source = {
      value: first,
      onDisk: first,
      check: () => {
        const another = source.value !== source.onDisk;
        source.value = source.onDisk;
        return another;
      },
    };
    const readsWith = new RecordReader(source);
    return {
      readsWith,
      use: (keys: readonly string[]) => {
        source.onDisk = keys;
        readsWith.check();
      },
    };
  };
  const rolesOf = (follower: StateFollower, id: string) =>
    follower.held<'instance'>(stateKey.instance(id)).record?.roles;

  it('forgets what rests on a key that was taken out, held and fetched, and says so only when it has', async () => {
    await bucket.create();
    await complete();
    await put(older, 'a', ['A']);
    await put(newer, 'b', ['B']);
    const { readsWith, use } = readWith([older.pem, newer.pem]);
    const [holding, fetching] = [follow(['instance'], 100, readsWith), follow(['role'], 100, readsWith)];
    await until(() => holding.ready && fetching.ready, { what: 'followers in step' });
    expect((await fetching.fetch<'instance'>(stateKey.instance('a'))).record?.roles).toEqual(['A']);
    const epochs: (string | undefined)[] = [];
    fetching.onEpoch((epoch) => epochs.push(epoch));

    use([newer.pem]);
    expect(holding.distrusted).toEqual([older.signer.keyId]);
    await until(() => holding.distrusted.length === 0 && fetching.distrusted.length === 0, {
      what: 'having forgotten',
    });
    expect([rolesOf(holding, 'a'), rolesOf(holding, 'b')]).toEqual([undefined, ['B']]);
    expect((await fetching.fetch<'instance'>(stateKey.instance('a'))).record).toBeUndefined();
    // At once, and when every other process has looked at the file.
    expect(epochs).toEqual([fetching.epoch, fetching.epoch]);
    expect(holding.ready).toBe(true);
  });

  it('reads what it had refused when the key comes that it was signed with', async () => {
    await bucket.create();
    await complete();
    await put(newer, 'a', ['A']);
    const { readsWith, use } = readWith([older.pem]);
    const follower = follow(['instance'], 100, readsWith);
    await until(() => follower.ready, { what: 'a follower in step' });
    expect(rolesOf(follower, 'a')).toBeUndefined();
    use([older.pem, newer.pem]);
    await until(() => rolesOf(follower, 'a') !== undefined, { what: 'the record' });
    expect(rolesOf(follower, 'a')).toEqual(['A']);
  });

  it('keeps a change that came while it read the others again', async () => {
    await bucket.create();
    await complete();
    for (let n = 0; n < 50; n++) await put(newer, `i${n}`, ['before']);
    const { readsWith, use } = readWith([older.pem, newer.pem]);
    const follower = follow(['instance'], 100, readsWith);
    await until(() => follower.ready, { what: 'a follower in step' });
    use([newer.pem]);
    await Promise.all(Array.from({ length: 50 }, (_, n) => put(newer, `i${n}`, ['after'], 2)));
    await until(() => follower.distrusted.length === 0, { what: 'having read again' });
    const state = await bucket.state();
    expect(await follower.reach({ epoch: state?.epoch ?? '', sequence: state?.lastSequence ?? 0 }, 5_000)).toBe(true);
    expect(Array.from({ length: 50 }, (_, n) => rolesOf(follower, `i${n}`)?.[0])).toEqual(Array(50).fill('after'));
  });
});
