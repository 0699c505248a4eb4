import { parseDistinguishedName } from '@sluice/domain';
import {
  decodePem,
  encodePem,
  generateKeyPair,
  issueCertificate,
  parseCertificate,
  subjectPublicKeyInfo,
  type CertificateProfile,
} from '@sluice/pki';
import { createPrivateKey, createPublicKey, X509Certificate, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from './secret-files.js';
import type { ServerNames } from './server-names.js';

const day = 86_400_000;
const renewBefore = 30 * day;

interface Authority {
  readonly name: string;
  readonly pem: string;
  readonly key: KeyObject;
}

/** A CA of its own for one purpose, made once. */
async function keepAuthority(folder: string, file: string, name: string, now: number): Promise<Authority> {
  const [certificateFile, keyFile] = [join(folder, `${file}.pem`), join(folder, `${file}.key`)];
  if (!existsSync(certificateFile) || !existsSync(keyFile)) {
    const pair = await generateKeyPair({ algorithm: 'P-256' });
    const subject = parseDistinguishedName(name);
    const publicKey = subjectPublicKeyInfo(pair.publicKey);
    const { der } = issueCertificate(
      {
        subject,
        publicKey,
        notBefore: now - 60_000,
        notAfter: now + 3_650 * day,
        profile: { kind: 'certificate-authority', pathLength: 0 },
      },
      { name: subject, privateKey: pair.privateKey, publicKey },
    );
    replaceFile(keyFile, pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string);
    replaceFile(certificateFile, encodePem(der), 0o644);
  }
  return { name, pem: readFileSync(certificateFile, 'utf8'), key: createPrivateKey(readFileSync(keyFile, 'utf8')) };
}

/** A certificate with its chain, issued anew before it ends or when its CA is another one. */
async function keepLeaf(
  folder: string,
  file: string,
  authority: Authority,
  subject: string,
  profile: CertificateProfile,
  now: number,
  readableByOthers: boolean,
): Promise<void> {
  const [chainFile, keyFile] = [join(folder, `${file}.pem`), join(folder, `${file}.key`)];
  if (
    existsSync(chainFile) &&
    existsSync(keyFile) &&
    stillGood(readFileSync(chainFile, 'utf8'), authority, profile, now)
  )
    return;
  const pair = await generateKeyPair({ algorithm: 'P-256' });
  const { der } = issueCertificate(
    {
      subject: parseDistinguishedName(subject),
      publicKey: subjectPublicKeyInfo(pair.publicKey),
      notBefore: now - 60_000,
      notAfter: now + 365 * day,
      profile,
    },
    {
      name: parseDistinguishedName(authority.name),
      privateKey: authority.key,
      publicKey: subjectPublicKeyInfo(createPublicKey(authority.key)),
    },
  );
  replaceFile(
    keyFile,
    pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    readableByOthers ? 0o640 : 0o600,
  );
  replaceFile(chainFile, encodePem(der) + authority.pem, 0o644);
}

function stillGood(chain: string, authority: Authority, profile: CertificateProfile, now: number): boolean {
  const [leaf, root] = decodePem(chain).map((der) => parseCertificate(der));
  const [own] = decodePem(authority.pem).map((der) => parseCertificate(der));
  if (!leaf || !root || root.sha256 !== own?.sha256 || leaf.notAfter - now < renewBefore) return false;
  if (profile.kind !== 'server' && profile.kind !== 'peer') return true;
  const certificate = new X509Certificate(leaf.der);
  return (
    profile.dnsNames.every((name) => certificate.checkHost(name.replace('*', 'any')) !== undefined) &&
    profile.ipAddresses.every((address) => certificate.checkIP(address) !== undefined)
  );
}

/**
 * Certificates of the servers (flow endpoints, NATS) under one root that senders and subscribers import, and of the load
 * balancer under a CA of its own: whoever has a certificate of that one may speak for senders.
 */
export async function keepServerCertificates(folder: string, names: ServerNames, now: number): Promise<void> {
  const servers = await keepAuthority(folder, 'server-root', 'CN=Sluice Server Root,O=Sluice', now);
  await keepLeaf(folder, 'server', servers, 'CN=localhost,O=Sluice', { kind: 'server', ...names }, now, false);
  const proxies = await keepAuthority(folder, 'proxy-ca', 'CN=Sluice Proxy CA,O=Sluice', now);
  await keepLeaf(folder, 'load-balancer', proxies, 'CN=load-balancer,O=Sluice', { kind: 'client' }, now, false);
}

/** One more server under the same root, with a key of its own: who gets hold of that key can pass for this server only. */
export async function keepServerCertificate(
  folder: string,
  file: string,
  names: ServerNames,
  now: number,
): Promise<void> {
  const servers = await keepAuthority(folder, 'server-root', 'CN=Sluice Server Root,O=Sluice', now);
  const subject = `CN=${names.dnsNames[0] ?? 'server'},O=Sluice`;
  await keepLeaf(folder, file, servers, subject, { kind: 'server', ...names }, now, false);
}

/** What the members of the database cluster (etcd, and what runs Postgres) show one another, under a CA of its own; each has its own key. */
export async function keepMemberCertificate(folder: string, name: string, now: number): Promise<void> {
  const members = await keepAuthority(folder, 'member-ca', 'CN=Sluice Database Cluster CA,O=Sluice', now);
  const names = { dnsNames: [name, 'localhost'], ipAddresses: ['127.0.0.1'] };
  await keepLeaf(folder, `member-${name}`, members, `CN=${name},O=Sluice`, { kind: 'peer', ...names }, now, false);
}

/**
 * What the servers of a bus cluster show one another, under a CA of its own: whoever has a certificate of that one is a server of
 * the bus.
 */
export async function keepRouteCertificate(folder: string, names: ServerNames, now: number): Promise<void> {
  const routes = await keepAuthority(folder, 'bus-ca', 'CN=Sluice Bus CA,O=Sluice', now);
  await keepLeaf(folder, 'bus-route', routes, 'CN=bus,O=Sluice', { kind: 'peer', ...names }, now, false);
}
