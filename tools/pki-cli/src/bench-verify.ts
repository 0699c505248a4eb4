import { createPublicKey, generateKeyPairSync, verify, X509Certificate, type KeyObject } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodePem, judgePath, parseCertificate, SignatureCache, trustAnchor, type Certificate } from '@sluice/pki';

/**
 * Compares a full validation with what node itself needs to parse the same chain and check its two signatures. Both are
 * measured in turns in the same run; the medians of many rounds are printed, in processor time, and their ratios.
 */

interface Chain {
  readonly root: Uint8Array;
  readonly intermediate: Uint8Array;
  readonly leaves: readonly Uint8Array[];
}

/** Makes a chain with openssl, so that neither side is favoured by how the certificates were written. */
function makeChain(folder: string, algorithm: 'rsa' | 'ec', leafCount: number): Chain {
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  writeFileSync(
    join(folder, 'ext.cnf'),
    [
      '[ca]',
      'basicConstraints=critical,CA:true',
      'keyUsage=critical,keyCertSign,cRLSign',
      'subjectKeyIdentifier=hash',
      'authorityKeyIdentifier=keyid',
      '[leaf]',
      'keyUsage=critical,digitalSignature',
      'extendedKeyUsage=clientAuth',
      'subjectKeyIdentifier=hash',
      'authorityKeyIdentifier=keyid',
      'subjectAltName=DNS:sender.example.com',
      '',
    ].join('\n'),
  );
  const key = (name: string): void => {
    const pair =
      algorithm === 'rsa'
        ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        : generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(join(folder, `${name}.key`), pair.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  };
  const issue = (name: string, subject: string, issuer: string | undefined, section: string): Uint8Array => {
    openssl('req', '-new', '-key', `${name}.key`, '-subj', subject, '-out', `${name}.csr`);
    const signer =
      issuer === undefined
        ? ['-signkey', `${name}.key`]
        : ['-CA', `${issuer}.pem`, '-CAkey', `${issuer}.key`, '-CAcreateserial'];
    openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      ...signer,
      '-days',
      '365',
      '-sha256',
      '-extfile',
      'ext.cnf',
      '-extensions',
      section,
      '-out',
      `${name}.pem`,
    );
    return decodePem(readFileSync(join(folder, `${name}.pem`), 'utf8'))[0] as Uint8Array;
  };
  for (const name of ['root', 'intermediate', 'leaf']) key(name);
  const root = issue('root', '/C=DE/O=Example/CN=Example Root', undefined, 'ca');
  const intermediate = issue('intermediate', '/C=DE/O=Example/CN=Example Issuing CA', 'root', 'ca');
  const leaves = Array.from({ length: leafCount }, (_, index) =>
    issue('leaf', `/C=DE/O=Example/CN=sender ${index}`, 'intermediate', 'leaf'),
  );
  return { root, intermediate, leaves };
}

/** Signed part, hash and signature of a certificate, cut out beforehand: node has no call that gives them. */
const parts = (der: Uint8Array): { tbs: Uint8Array; signature: Uint8Array } => parseCertificate(der);

function nodeKnown(
  leaf: Uint8Array,
  leafParts: ReturnType<typeof parts>,
  caParts: ReturnType<typeof parts>,
  caKey: KeyObject,
  rootKey: KeyObject,
): void {
  new X509Certificate(leaf);
  if (
    !verify('sha256', leafParts.tbs, caKey, leafParts.signature) ||
    !verify('sha256', caParts.tbs, rootKey, caParts.signature)
  )
    throw new Error('the baseline fails');
}

function nodeUnseen(
  chain: Chain,
  leaf: Uint8Array,
  leafParts: ReturnType<typeof parts>,
  caParts: ReturnType<typeof parts>,
): void {
  new X509Certificate(leaf);
  const ca = new X509Certificate(chain.intermediate);
  const root = new X509Certificate(chain.root);
  if (
    !verify('sha256', leafParts.tbs, ca.publicKey, leafParts.signature) ||
    !verify('sha256', caParts.tbs, root.publicKey, caParts.signature)
  )
    throw new Error('the baseline fails');
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

/** Processor time of one call, microseconds: wall-clock time would count whatever else the machine does. */
function time(count: number, work: (index: number) => void): number {
  const start = process.cpuUsage();
  for (let index = 0; index < count; index++) work(index);
  const { user, system } = process.cpuUsage(start);
  return (user + system) / count;
}

function bench(name: string, chain: Chain, rounds: number): void {
  const at = Date.now();
  const root = parseCertificate(chain.root);
  const intermediate = parseCertificate(chain.intermediate);
  const anchors = [trustAnchor(root)];
  const signatureCache = new SignatureCache();
  const caKey = createPublicKey({ key: Buffer.from(intermediate.spki), format: 'der', type: 'spki' });
  const rootKey = createPublicKey({ key: Buffer.from(root.spki), format: 'der', type: 'spki' });
  const leafParts = chain.leaves.map(parts);
  const caParts = parts(chain.intermediate);
  const leafAt = (index: number): Uint8Array => chain.leaves[index % chain.leaves.length] as Uint8Array;
  const partsAt = (index: number): ReturnType<typeof parts> =>
    leafParts[index % leafParts.length] as ReturnType<typeof parts>;
  const mustBeValid = (
    leaf: Certificate,
    intermediates: Certificate[],
    anchorList: typeof anchors,
    cache?: SignatureCache,
  ): void => {
    const judgement = judgePath({
      leaf,
      intermediates,
      anchors: anchorList,
      at,
      extendedKeyUsage: 'clientAuth',
      ...(cache && { signatureCache: cache }),
    });
    if (!judgement.valid) throw new Error(judgement.refusal.sentence);
  };
  const samples = {
    nodeKnown: [] as number[],
    known: [] as number[],
    nodeUnseen: [] as number[],
    unseen: [] as number[],
  };
  const perRound = 50;
  for (let round = 0; round < rounds; round++) {
    samples.nodeKnown.push(
      time(perRound, (index) => nodeKnown(leafAt(index), partsAt(index), caParts, caKey, rootKey)),
    );
    samples.known.push(
      time(perRound, (index) => mustBeValid(parseCertificate(leafAt(index)), [intermediate], anchors, signatureCache)),
    );
    samples.nodeUnseen.push(time(perRound, (index) => nodeUnseen(chain, leafAt(index), partsAt(index), caParts)));
    samples.unseen.push(
      time(perRound, (index) =>
        mustBeValid(
          parseCertificate(leafAt(index)),
          [parseCertificate(chain.intermediate)],
          [trustAnchor(parseCertificate(chain.root))],
        ),
      ),
    );
  }
  const [nodeK, known, nodeU, unseen] = [
    median(samples.nodeKnown),
    median(samples.known),
    median(samples.nodeUnseen),
    median(samples.unseen),
  ];
  console.log(
    `${name.padEnd(9)} CAs known: ${known.toFixed(0)} µs, node's parse and two signature checks ${nodeK.toFixed(0)} µs, ratio ${(known / nodeK).toFixed(2)} (aim 1.5)`,
  );
  console.log(
    `${name.padEnd(9)} unseen:    ${unseen.toFixed(0)} µs, node's ${nodeU.toFixed(0)} µs, ratio ${(unseen / nodeU).toFixed(2)} (aim 1.5)`,
  );
}

const folder = mkdtempSync(join(tmpdir(), 'bench-verify-'));
try {
  for (const [name, algorithm] of [
    ['RSA-2048', 'rsa'],
    ['P-256', 'ec'],
  ] as const)
    bench(name, makeChain(folder, algorithm, 20), 60);
} finally {
  rmSync(folder, { recursive: true });
}
