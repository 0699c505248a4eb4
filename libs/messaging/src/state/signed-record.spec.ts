import { describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { RecordReader, RecordSigner } from './signed-record.js';

const pair = () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    signer: new RecordSigner(privateKey.export({ type: 'pkcs8', format: 'pem' }) as string),
    pem: publicKey.export({ type: 'spki', format: 'pem' }) as string,
  };
};
const ours = pair();
const reader = new RecordReader([ours.pem]);
const instance = {
  key: 'instance.a',
  version: 3,
  deleted: false,
  id: 'a',
  name: 'shop',
  plan: 'integration-flow',
  roles: ['A'],
};

describe('a signed record', () => {
  it('is read as it was written', () => {
    expect(reader.decode('instance.a', ours.signer.encode(instance))).toEqual(instance);
  });

  it('is refused when another key signed it', () => {
    expect(() => reader.decode('instance.a', pair().signer.encode(instance))).toThrow(
      'a key that may not sign records',
    );
  });

  it('is refused under another key of the bucket', () => {
    expect(() => reader.decode('instance.b', ours.signer.encode(instance))).toThrow('the record says it is instance.a');
  });

  it('is refused when a byte of it was changed', () => {
    const [header, payload, signature] = Buffer.from(ours.signer.encode(instance)).toString().split('.') as [
      string,
      string,
      string,
    ];
    const forged = Buffer.from(payload, 'base64url').toString().replace('"A"', '"B"');
    const value = Buffer.from(`${header}.${Buffer.from(forged).toString('base64url')}.${signature}`);
    expect(() => reader.decode('instance.a', value)).toThrow('the signature is wrong');
  });

  it('is refused when it is not signed at all', () => {
    expect(() => reader.decode('instance.a', Buffer.from(JSON.stringify(instance)))).toThrow('not a signed record');
  });

  it('is refused with an algorithm of the sender’s choice', () => {
    const [, payload, signature] = Buffer.from(ours.signer.encode(instance)).toString().split('.') as [
      string,
      string,
      string,
    ];
    const header = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
    expect(() => reader.decode('instance.a', Buffer.from(`${header}.${payload}.${signature}`))).toThrow(
      'a key that may not sign records',
    );
  });

  it('is read with either key while one replaces the other', () => {
    const next = pair();
    const both = new RecordReader([ours.pem, next.pem]);
    expect(both.decode('instance.a', ours.signer.encode(instance))).toEqual(instance);
    expect(both.decode('instance.a', next.signer.encode(instance))).toEqual(instance);
  });
});

describe('a key that signs records and is replaced', () => {
  const next = pair();
  const file = (first: readonly string[]) => {
    const source = {
      value: first,
      onDisk: first,
      check: () => {
        const another = source.value !== source.onDisk;
        source.value = source.onDisk;
        return another;
      },
    };
    return source;
  };

  it('is believed as soon as a record is signed with it, when it was put into the file before', () => {
    const keys = file([ours.pem]);
    const follows = new RecordReader(keys);
    keys.onDisk = [ours.pem, next.pem];
    expect(follows.decode('instance.a', next.signer.encode(instance))).toEqual(instance);
    expect(follows.keyIds).toEqual([ours.signer.keyId, next.signer.keyId]);
  });

  it('is not believed any more once it was taken out, and who listens hears which', () => {
    const keys = file([ours.pem, next.pem]);
    const follows = new RecordReader(keys);
    const told: (readonly string[])[] = [];
    follows.onKeys((removed) => told.push(removed));
    keys.onDisk = [next.pem];
    expect([follows.check(), follows.check()]).toEqual([true, false]);
    expect(told).toEqual([[ours.signer.keyId]]);
    expect(() => follows.decode('instance.a', ours.signer.encode(instance))).toThrow('a key that may not sign records');
  });

  it('signs from the moment its file was looked at', () => {
    const pem = (key: ReturnType<typeof generateKeyPairSync>['privateKey']) =>
      key.export({ type: 'pkcs8', format: 'pem' }) as string;
    const source = { value: pem(generateKeyPairSync('ed25519').privateKey), check: () => false };
    const signer = new RecordSigner(source);
    const before = RecordReader.keyIdOf(signer.encode(instance));
    expect(before).toBe(signer.keyId);
    source.value = pem(generateKeyPairSync('ed25519').privateKey);
    const after = RecordReader.keyIdOf(signer.encode(instance));
    expect(after).toBe(signer.keyId);
    expect(after).not.toBe(before);
  });

  it('is not known from something that is no signed record', () => {
    for (const value of ['', '{}', 'a.b.c', 'bnVsbA.b.c'])
      expect(RecordReader.keyIdOf(Buffer.from(value))).toBeUndefined();
  });
});

describe('a record that needs no signature', () => {
  it('is read from JSON and refused in another shape', () => {
    const role = { key: 'role.A', version: 1, deleted: false, name: 'A' };
    expect(reader.decode('role.A', Buffer.from(JSON.stringify(role)))).toEqual(role);
    expect(() => reader.decode('role.A', Buffer.from(JSON.stringify({ ...role, name: 7 })))).toThrow('role.A');
    expect(() => reader.decode('other.A', Buffer.from('{}'))).toThrow('there are no such records');
  });
});
