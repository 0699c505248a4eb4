import { generateKeyPair, issueCertificate, parseCertificate, subjectPublicKeyInfo } from '@sluice/pki';
import { parseDistinguishedName } from '@sluice/domain';
import type { ChangeScope, PublishedChanges } from '@sluice/service-shell';
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { DataSource, EntityManager } from 'typeorm';
import { CertificateAuthority } from '../issuing-cas/certificate-authority.js';
import { KeySealer, sealedKeyOwner } from '../issuing-cas/key-sealer.js';
import { CallAddresses } from '../service-keys/call-addresses.js';
import { CreateServiceKey } from '../service-keys/create-service-key.js';
import { CertificateAuthorityRow } from '../issuing-cas/certificate-authority.entity.js';
import { ServiceInstanceRow } from '../service-instances/service-instance.entity.js';

/**
 * P-256 keys a second: the use case as it is, on tables that take everything and keep nothing, beside what it cannot do
 * without: node's own key generation and one signature, once with the key pair as objects and once encoded, as it is given
 * away (`encoded`). Both in one thread, in turns. Prints one line of JSON.
 */
const rounds = 7;
const perRound = 1_500;
const day = 86_400_000;

async function authorityRow(sealer: KeySealer, kind: 'root' | 'issuing'): Promise<CertificateAuthorityRow> {
  const pair = await generateKeyPair({ algorithm: 'P-256' });
  const id = kind === 'root' ? '00000000-0000-4000-8000-000000000001' : '00000000-0000-4000-8000-000000000002';
  const name = parseDistinguishedName(`CN=Sluice ${kind} CA 1,O=Sluice`);
  const publicKey = subjectPublicKeyInfo(pair.publicKey);
  const { der } = issueCertificate(
    {
      subject: name,
      publicKey,
      notBefore: Date.now() - day,
      notAfter: Date.now() + 3_650 * day,
      profile: { kind: 'certificate-authority', pathLength: 1 },
    },
    { name, privateKey: pair.privateKey, publicKey },
  );
  const certificate = parseCertificate(der);
  return {
    id,
    kind,
    parentId: kind === 'root' ? null : '00000000-0000-4000-8000-000000000001',
    certificate: Buffer.from(der),
    sha256: certificate.sha256,
    sealedKey: sealer.seal(pair.privateKey.export({ type: 'pkcs8', format: 'der' }), sealedKeyOwner(id)),
    status: 'active',
    number: 1,
    revocationReason: null,
    publicKeySha256: certificate.spkiSha256,
    version: '1',
    createdAt: new Date(),
  };
}

async function makeUseCase(): Promise<CreateServiceKey> {
  const sealer = new KeySealer(randomBytes(32));
  const [root, issuing] = [await authorityRow(sealer, 'root'), await authorityRow(sealer, 'issuing')];
  const instance = {
    id: '00000000-0000-4000-8000-000000000003',
    name: 'bench',
    plan: 'integration-flow',
    parameters: { roles: ['ESBMessaging.send'], 'grant-types': ['client_credentials'] },
  };
  const rowOf = (schema: unknown) =>
    Promise.resolve(schema === ServiceInstanceRow ? instance : schema === CertificateAuthorityRow ? issuing : null);
  let version = 0;
  const manager = {
    findOne: rowOf,
    findOneBy: rowOf,
    findOneByOrFail: () => Promise.resolve(root),
    existsBy: () => Promise.resolve(false),
    insert: () => Promise.resolve(),
    query: () => Promise.resolve([{ version: String(++version) }]),
  } as unknown as EntityManager;
  const change: ChangeScope = { manager, state: () => undefined, event: () => undefined };
  const changes = {
    commit: async <T>(work: (scope: ChangeScope) => Promise<T>) => ({
      value: await work(change),
      propagation: 'published' as const,
    }),
  } as unknown as PublishedChanges;
  const dataSource = { manager } as unknown as DataSource;
  const authority = new CertificateAuthority(dataSource, sealer, changes, () => Date.now(), 'http://localhost:8080');
  return new CreateServiceKey(changes, authority, new CallAddresses('https://localhost:8443', ''), () => Date.now());
}

const useCase = await makeUseCase();
const { privateKey: caKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const toBeSigned = randomBytes(500);
let last: unknown;

/** Of a second of this thread's CPU: others on the machine count in neither. */
async function perSecond(once: () => unknown, times: number): Promise<number> {
  const start = process.threadCpuUsage();
  for (let done = 0; done < times; done++) last = await once();
  const { user, system } = process.threadCpuUsage(start);
  return (times * 1_000_000) / (user + system);
}

const encoded = () => {
  const pair = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return [pair, sign('sha256', toBeSigned, caKey)];
};
const bare = () => {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return [pair, sign('sha256', toBeSigned, caKey)];
};
const issue = () =>
  useCase.execute({
    serviceInstanceId: '00000000-0000-4000-8000-000000000003',
    name: 'key',
    parameters: { 'key-type': 'certificate', 'key-algorithm': 'P-256', validity: 365 },
    actor: 'bench',
  });

const results: { bare: number; encoded: number; useCase: number }[] = [];
for (let round = 0; round <= rounds; round++) {
  const result = {
    bare: await perSecond(bare, perRound),
    encoded: await perSecond(encoded, perRound),
    useCase: await perSecond(issue, perRound),
  };
  // The first is for the compiler.
  if (round > 0) results.push(result);
}
if (last === undefined) throw new Error('Nothing was issued.');
process.stdout.write(`${JSON.stringify(results)}\n`);
