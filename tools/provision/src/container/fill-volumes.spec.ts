import { describe, expect, it } from '@jest/globals';
import { decodePem, parseCertificate } from '@sluice/pki';
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fillVolumes } from './fill-volumes.js';
import { volumesOf, type ServerCount } from './volumes.js';

const volumes = volumesOf(1);

const now = Date.UTC(2026, 5, 1);
const day = 86_400_000;
const loadBalancer = { dnsNames: ['localhost', 'flows.example'], ipAddresses: ['127.0.0.1'] };
const adminNames = { dnsNames: ['localhost', 'admin.example'], ipAddresses: ['127.0.0.1'] };
const busNames = { dnsNames: ['localhost', 'events.example'], ipAddresses: ['127.0.0.1', '192.0.2.7'] };

async function withVolumes(
  test: (root: string, fill: (at?: number) => Promise<void>) => Promise<void> | void,
  servers: ServerCount = 1,
): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'sluice-volumes-'));
  const fill = (at = now) =>
    fillVolumes({
      root,
      loadBalancer,
      busNames,
      adminNames,
      postgres: 'postgres:5432',
      busStoreMb: 8_192,
      servers,
      now: at,
    });
  try {
    await fill();
    await test(root, fill);
  } finally {
    rmSync(root, { recursive: true });
  }
}

describe('fillVolumes', () => {
  it('attack 32: gives no service a secret of another', () =>
    withVolumes((root) => {
      const holders = (name: string) =>
        volumes.filter((volume) => volume !== 'home' && readdirSync(join(root, volume)).includes(name));
      expect(holders('master.key')).toEqual(['key-management']);
      expect(holders('credential.key')).toEqual(['flow-runtime']);
      expect(holders('record-signing.key')).toEqual(['key-management']);
      expect(holders('initial-admin-token.sha256')).toEqual(['authorization']);
      expect(holders('installation-tokens')).toEqual(['authorization']);
      expect(holders('callout.nk')).toEqual(['authorization']);
      expect(holders('subscriber-issuer.nk')).toEqual(['authorization']);
      expect(holders('admin-token')).toEqual(['trusted-roots']);
      const [first, own] = ['home/secrets/admin-token', 'trusted-roots/admin-token'].map((file) =>
        readFileSync(join(root, file), 'utf8').trim(),
      );
      expect(own).not.toBe(first);
      expect(readFileSync(join(root, 'authorization', 'installation-tokens'), 'utf8')).toContain(
        `trusted-roots Trust.read ${createHash('sha256')
          .update(own ?? '')
          .digest('hex')}\n`,
      );
      expect(holders('database.url')).toEqual(['key-management', 'authorization', 'flow-runtime', 'message-log']);
      expect(holders('load-balancer.pem')).toEqual(['load-balancer']);
      const seeds = holders('bus.nk').map((volume) => readFileSync(join(root, volume, 'bus.nk'), 'utf8'));
      expect(new Set(seeds).size).toBe(6);
      const authorities = volumes
        .flatMap((volume) => (volume === 'home' ? [] : readdirSync(join(root, volume))))
        .filter((name) => /(root|ca)\.key$/.test(name));
      expect(authorities).toEqual([]);
    }));

  it('lets nobody but owner and group read a file', () =>
    withVolumes((root) => {
      for (const volume of volumes.filter((name) => name !== 'home')) {
        expect(statSync(join(root, volume)).mode & 0o007).toBe(0);
        for (const name of readdirSync(join(root, volume)))
          expect(statSync(join(root, volume, name)).mode & 0o777).toBe(0o440);
      }
    }));

  it('gives each server a key of its own and the name it is called by', () =>
    withVolumes((root) => {
      const certificate = (volume: string) => new X509Certificate(readFileSync(join(root, volume, 'server.pem')));
      for (const name of ['postgres', 'nats', 'flow-runtime']) {
        expect(certificate(name).checkHost(name)).toBe(name);
        expect(certificate(name).checkPrivateKey(createPrivateKey(readFileSync(join(root, name, 'server.key'))))).toBe(
          true,
        );
      }
      expect(certificate('load-balancer').checkHost('flows.example')).toBe('flows.example');
      // Subscribers call NATS from outside.
      expect(certificate('nats').checkHost('events.example')).toBe('events.example');
      expect(certificate('nats').checkIP('192.0.2.7')).toBe('192.0.2.7');
      const keys = ['postgres', 'nats', 'flow-runtime', 'load-balancer'].map((name) =>
        certificate(name).publicKey.export({ type: 'spki', format: 'pem' }),
      );
      expect(new Set(keys).size).toBe(4);
    }));

  it('demands the server certificate of Postgres in the database URLs', () =>
    withVolumes((root) => {
      const url = new URL(readFileSync(join(root, 'authorization', 'database.url'), 'utf8'));
      expect(url.username).toBe('authorization');
      expect(url.searchParams.get('sslmode')).toBe('verify-full');
      expect(url.searchParams.get('sslrootcert')).toBe('/run/sluice/server-root.pem');
    }));

  it('gives each of three servers of Postgres, etcd and NATS a key of its own and its names, and its cluster’s CA', () =>
    withVolumes((root) => {
      const keys = new Set<string>();
      const look = (volume: string, file: string, name: string) => {
        const certificate = new X509Certificate(readFileSync(join(root, volume, `${file}.pem`)));
        expect(certificate.checkHost(name)).toBe(name);
        const key = createPrivateKey(readFileSync(join(root, volume, `${file}.key`)));
        expect(certificate.checkPrivateKey(key)).toBe(true);
        keys.add(certificate.fingerprint256);
      };
      for (const number of [1, 2, 3]) {
        look(`postgres-config-${number}`, 'server', `postgres-${number}`);
        look(`postgres-config-${number}`, 'member', `postgres-${number}`);
        look(`etcd-config-${number}`, 'member', `etcd-${number}`);
        look(`nats-config-${number}`, 'server', `nats-${number}`);
        look(`nats-config-${number}`, 'bus-route', `nats-${number}`);
        const patroni = readFileSync(join(root, `postgres-config-${number}`, 'patroni.yml'), 'utf8');
        expect(patroni).toContain(`name: postgres-${number}\n`);
        expect(patroni).toContain('hosts: ["etcd-1:2379", "etcd-2:2379", "etcd-3:2379"]');
        const nats = readFileSync(join(root, `nats-config-${number}`, 'nats.conf'), 'utf8');
        expect(nats).toContain(`server_name: "nats-${number}"`);
        expect(nats.match(/nats-route:[^"]*@nats-\d:6222/g)).toHaveLength(3);
      }
      // The routes of NATS have one certificate together.
      expect(keys.size).toBe(13);
      const url = readFileSync(join(root, 'authorization', 'database.url'), 'utf8');
      expect(url).toContain('@postgres:5432/');
    }, 3));

  it('attack 32: gives no server of three the password of a service', () =>
    withVolumes((root) => {
      const all = volumesOf(3).filter((volume) => volume !== 'home');
      const holding = (secret: string) => {
        const password = readFileSync(join(root, 'home', 'secrets', secret), 'utf8').trim();
        return all.filter((volume) =>
          readdirSync(join(root, volume)).some((name) =>
            readFileSync(join(root, volume, name), 'utf8').includes(password),
          ),
        );
      };
      const servers = ['postgres-config-1', 'postgres-config-2', 'postgres-config-3'];
      for (const role of ['postgres', 'replicator', 'rewinder'])
        expect(holding(`database-${role}.password`)).toEqual(servers);
      expect(holding('database-key_management.password')).toEqual(['key-management']);
      expect(holding('bus-route.password')).toEqual(['nats-config-1', 'nats-config-2', 'nats-config-3']);
    }, 3));

  it('keeps every secret on a second run', () =>
    withVolumes(async (root, fill) => {
      const all = () =>
        Object.fromEntries(
          volumes
            .filter((volume) => volume !== 'home')
            .flatMap((volume) =>
              readdirSync(join(root, volume)).map((name) => [
                `${volume}/${name}`,
                readFileSync(join(root, volume, name), 'utf8'),
              ]),
            ),
        );
      const first = all();
      await fill();
      expect(all()).toEqual(first);
    }));

  it('lets nobody subscribe with a password, and takes over volumes of a version that did', () =>
    withVolumes(async (root, fill) => {
      const [home, conf] = [join(root, 'home'), join(root, 'nats', 'nats.conf')];
      expect(readFileSync(conf, 'utf8')).not.toMatch(/password/);
      for (const name of ['callout.nk', 'subscriber-issuer.nk']) rmSync(join(home, 'secrets', name));
      writeFileSync(join(home, 'secrets', 'subscriber.password'), 'kept from then');
      await fill();
      expect(readFileSync(conf, 'utf8')).toContain('auth_callout');
      expect(readFileSync(conf, 'utf8')).not.toMatch(/password/);
    }));

  it('renews the certificates of servers that are about to end, under the same root', () =>
    withVolumes(async (root, fill) => {
      const root1 = readFileSync(join(root, 'load-balancer', 'server-root.pem'), 'utf8');
      const before = readFileSync(join(root, 'nats', 'server.pem'), 'utf8');
      await fill(now + 340 * day);
      const [renewed] = decodePem(readFileSync(join(root, 'nats', 'server.pem'), 'utf8'));
      expect(readFileSync(join(root, 'nats', 'server.pem'), 'utf8')).not.toBe(before);
      expect(parseCertificate(renewed as Uint8Array).notAfter).toBeGreaterThan(now + 600 * day);
      expect(readFileSync(join(root, 'load-balancer', 'server-root.pem'), 'utf8')).toBe(root1);
    }));

  it('attack 26: fills an empty trust list with a root that has ended, never with the roots of the system', () =>
    withVolumes((root) => {
      const roots = decodePem(readFileSync(join(root, 'trust-list', 'trusted-roots.pem'), 'utf8')).map((der) =>
        parseCertificate(der),
      );
      expect(roots).toHaveLength(1);
      expect(roots[0]?.notAfter).toBeLessThan(now);
    }));

  it('says which volume cannot be written', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-volumes-'));
    try {
      writeFileSync(join(folder, 'file'), '');
      const blocked = fillVolumes({
        root: join(folder, 'file'),
        loadBalancer,
        busNames,
        adminNames,
        postgres: 'postgres:5432',
        busStoreMb: 8_192,
        servers: 1,
        now,
      });
      await expect(blocked).rejects.toThrow(/Provisioning cannot write to .*\/file\/home: give it a volume there/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
