import {
  judgeOcspResponse,
  judgePath,
  MalformedCertificate,
  MalformedCertificateList,
  MalformedOcspResponse,
  OcspResponderRefusal,
  parseCertificate,
  parseCertificateList,
  parseOcspResponse,
  trustAnchor,
  type Certificate,
  type CertificateList,
} from '@sluice/pki';
import {
  makeCertificate,
  makeCertificateList,
  makeOcspResponse,
  testTime,
  type TestCertificate,
} from '@sluice/pki/testing';
import { type SeededRandom } from '../seeded-random.js';
import { mutateDer } from './mutate-der.js';

export interface FuzzReport {
  readonly cases: number;
  /** Mutants that could be parsed: a fuzzer whose mutants all fail in the parser tests only the parser. */
  readonly parsed: number;
  /** Mutants that were accepted, rightly: nothing signed had changed. */
  readonly accepted: number;
  readonly slowestMs: number;
  readonly faults: readonly FuzzFault[];
}

export interface FuzzFault {
  readonly case: number;
  readonly kind: 'accepted a change to a signed part' | 'took too long' | 'crashed';
  readonly detail: string;
  /** The mutant, in base64, to reproduce it. */
  readonly input: string;
}

/** The longest a case may take, milliseconds. */
export const timeLimit = 250;

const clientAuth = '1.3.6.1.5.5.7.3.2';
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Everything a mutant can be made of. */
function makeSeeds() {
  const root = makeCertificate({ subject: 'CN=Root,O=Example,C=DE', ca: true, pathLength: 3 });
  const upper = makeCertificate({
    subject: 'CN=Upper CA,O=Example',
    issuer: root,
    ca: true,
    keyKind: 'rsa-2048',
    policies: ['1.2.3.4', '1.2.3.5'],
    policyMappings: [['1.2.3.4', '1.2.3.6']],
    permitted: ['dns:example.com', 'dir:O=Example', 'ip:10.0.0.0/8', 'email:example.com'],
    excluded: ['dns:not.example.com', 'uri:.example.org'],
  });
  const lower = makeCertificate({
    subject: 'CN=Lower CA,O=Example',
    issuer: upper,
    ca: true,
    pathLength: 0,
    policies: ['1.2.3.6'],
    requireExplicitPolicy: 2,
    inhibitPolicyMapping: 0,
    inhibitAnyPolicy: 1,
    extendedKeyUsage: [clientAuth, '1.3.6.1.5.5.7.3.1'],
  });
  const leaf = makeCertificate({
    subject: 'CN=sender+OU=a,O=Example',
    issuer: lower,
    policies: ['1.2.3.6'],
    extendedKeyUsage: [clientAuth],
    subjectAltNames: [
      'dns:a.example.com',
      'ip:10.1.2.3',
      'email:a@example.com',
      'other:1.3.6.1.4.1.311.20.2.3',
      'rid:1.2.3',
    ],
  });
  const entries = [
    { serial: Uint8Array.of(1), reason: 1 },
    { serial: Uint8Array.of(0x7f, 2) },
    { serial: Uint8Array.of(3, 3, 3), reason: 4 },
  ];
  const lists = [root, upper, lower].map((issuer) => makeCertificateList({ issuer, entries }));
  const responder = makeCertificate({
    subject: 'CN=Responder,O=Example',
    issuer: lower,
    extendedKeyUsage: ['1.3.6.1.5.5.7.3.9'],
    extensions: [{ oid: '1.3.6.1.5.5.7.48.1.5', value: Uint8Array.of(5, 0) }],
  });
  const answers = [
    makeOcspResponse({ certificate: leaf, issuer: lower }),
    makeOcspResponse({
      certificate: leaf,
      issuer: lower,
      responder,
      certificates: [responder],
      nonce: new Uint8Array(32).fill(5),
      byKey: true,
    }),
  ];
  return { root, upper, lower, leaf, lists, answers, responder };
}

type Seeds = ReturnType<typeof makeSeeds>;

/** What became of a mutant: whether it was parsed, and if it was believed, the signed parts that were. */
interface Outcome {
  readonly parsed: boolean;
  readonly believed: readonly Uint8Array[];
}

const notParsed: Outcome = { parsed: false, believed: [] };

function judgeChain(
  seeds: Seeds,
  replaced: 'leaf' | 'lower' | 'upper',
  mutant: Uint8Array,
  parsedSeeds: ParsedSeeds,
): Outcome {
  const certificate = tryParse(mutant);
  if (certificate === undefined) return notParsed;
  const pick = (name: 'leaf' | 'lower' | 'upper'): Certificate =>
    replaced === name ? certificate : seeds[name].certificate;
  const judgement = judgePath({
    leaf: pick('leaf'),
    intermediates: [pick('upper'), pick('lower')],
    anchors: [trustAnchor(seeds.root.certificate)],
    at: testTime,
    extendedKeyUsage: 'clientAuth',
    // Half the time revocation is looked at as well.
    ...(certificate.der.length % 2 === 0 && { revocation: { crls: parsedSeeds.lists, failure: 'hard' as const } }),
  });
  return { parsed: true, believed: judgement.valid ? judgement.path.map((each) => each.tbs) : [] };
}

function tryParse(der: Uint8Array): Certificate | undefined {
  try {
    return parseCertificate(der);
  } catch (error) {
    if (error instanceof MalformedCertificate) return undefined;
    throw error;
  }
}

function judgeList(seeds: Seeds, mutant: Uint8Array, replaced: number, parsedSeeds: ParsedSeeds): Outcome {
  let list: CertificateList;
  try {
    list = parseCertificateList(mutant);
  } catch (error) {
    if (error instanceof MalformedCertificateList) return notParsed;
    throw error;
  }
  const crls = parsedSeeds.lists.map((each, index) => (index === replaced ? list : each));
  const judgement = judgePath({
    leaf: seeds.leaf.certificate,
    intermediates: [seeds.upper.certificate, seeds.lower.certificate],
    anchors: [trustAnchor(seeds.root.certificate)],
    at: testTime,
    revocation: { crls, failure: 'hard' },
  });
  // Refused as revoked would be belief as well.
  return { parsed: true, believed: judgement.valid || judgement.refusal.code === 'revoked' ? [list.tbs] : [] };
}

function judgeAnswer(seeds: Seeds, mutant: Uint8Array): Outcome {
  try {
    const answer = parseOcspResponse(mutant);
    const { status } = judgeOcspResponse({
      answer,
      certificate: seeds.leaf.certificate,
      issuer: seeds.lower.certificate,
      at: testTime,
    });
    return { parsed: true, believed: status === 'undetermined' ? [] : [answer.tbs] };
  } catch (error) {
    if (error instanceof MalformedOcspResponse || error instanceof OcspResponderRefusal) return notParsed;
    throw error;
  }
}

interface ParsedSeeds {
  readonly lists: readonly CertificateList[];
}

/**
 * Mutates certificates of a chain, its CRLs and OCSP answers, and checks that no change to a signed part is believed, that
 * nothing takes longer than the limit, and that nothing but the documented errors is thrown.
 * @param onProgress called after every thousand cases
 */
export function runFuzz(
  cases: number,
  random: SeededRandom,
  onProgress: (done: number) => void = () => undefined,
): FuzzReport {
  const seeds = makeSeeds();
  const certificates: TestCertificate[] = [seeds.root, seeds.upper, seeds.lower, seeds.leaf, seeds.responder];
  const others = [...certificates.map((each) => each.der), ...seeds.lists, ...seeds.answers];
  const parsedSeeds: ParsedSeeds = { lists: seeds.lists.map(parseCertificateList) };
  const genuine = new Set([
    ...certificates.map((each) => hex(each.certificate.tbs)),
    ...parsedSeeds.lists.map((list) => hex(list.tbs)),
    ...seeds.answers.map((der) => hex(parseOcspResponse(der).tbs)),
  ]);
  const faults: FuzzFault[] = [];
  let parsed = 0;
  let accepted = 0;
  let slowestMs = 0;
  for (let index = 0; index < cases; index++) {
    const { input, run } = makeCase(seeds, parsedSeeds, others, random);
    const report = (kind: FuzzFault['kind'], detail: string): void =>
      void faults.push({ case: index, kind, detail, input: Buffer.from(input).toString('base64') });
    // CPU: on a busy machine everything takes long.
    const start = process.threadCpuUsage();
    try {
      const outcome = run();
      if (outcome.parsed) parsed++;
      if (outcome.believed.length > 0) accepted++;
      if (outcome.believed.some((tbs) => !genuine.has(hex(tbs)))) report('accepted a change to a signed part', '');
    } catch (error) {
      report('crashed', error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
    const { user, system } = process.threadCpuUsage(start);
    const ms = (user + system) / 1_000;
    slowestMs = Math.max(slowestMs, ms);
    if (ms > timeLimit) report('took too long', `${ms.toFixed(0)} ms`);
    if ((index + 1) % 1000 === 0) onProgress(index + 1);
  }
  return { cases, parsed, accepted, slowestMs, faults };
}

function makeCase(
  seeds: Seeds,
  parsedSeeds: ParsedSeeds,
  others: readonly Uint8Array[],
  random: SeededRandom,
): { input: Uint8Array; run: () => Outcome } {
  switch (random.below(4)) {
    case 0: {
      const replaced = random.below(seeds.lists.length);
      const input = mutateDer(seeds.lists[replaced] as Uint8Array, others, random);
      return { input, run: () => judgeList(seeds, input, replaced, parsedSeeds) };
    }
    case 1: {
      const input = mutateDer(random.pick(seeds.answers), others, random);
      return { input, run: () => judgeAnswer(seeds, input) };
    }
    default: {
      const replaced = random.pick(['leaf', 'lower', 'upper'] as const);
      const input = mutateDer(seeds[replaced].der, others, random);
      return { input, run: () => judgeChain(seeds, replaced, input, parsedSeeds) };
    }
  }
}
