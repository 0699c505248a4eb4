import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import {
  decodePem,
  decodePemBlocks,
  MalformedCertificateList,
  MalformedOcspResponse,
  MalformedPem,
  OcspResponderRefusal,
  parseCertificateList,
  parseOcspResponse,
} from '@sluice/pki';
import { explainChain } from './explain/explain-chain.js';
import { writeExplanation } from './explain/write-explanation.js';

const usage = `npm run cert -- explain FILE.pem [options]
  FILE.pem        the certificate first, then the rest of its chain
  --root FILE     trusted root(s); may be given several times
  --crl FILE      CRL(s), PEM or DER; may be given several times
  --ocsp FILE     OCSP response, DER; may be given several times
  --at TIME       judge at this time (ISO 8601); default now
  --usage NAME    extended key usage to ask for; default clientAuth, "none" for none
  --json          print JSON`;

/** A problem with what the user gave: told without a stack. */
class UsageProblem extends Error {}

function readBytes(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UsageProblem(`${path} cannot be read (${error instanceof Error ? error.message : 'unknown error'}).`);
  }
}

/** Certificates of a file, PEM or DER. */
function readCertificates(path: string): Uint8Array[] {
  const bytes = readBytes(path);
  return bytes[0] === 0x30 ? [bytes] : decodePem(bytes.toString('utf8'));
}

function readBlocks(path: string): Uint8Array[] {
  const bytes = readBytes(path);
  return bytes[0] === 0x30 ? [bytes] : decodePemBlocks(bytes.toString('utf8')).map(({ der }) => der);
}

function main(): number {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      root: { type: 'string', multiple: true, default: [] },
      crl: { type: 'string', multiple: true, default: [] },
      ocsp: { type: 'string', multiple: true, default: [] },
      at: { type: 'string' },
      usage: { type: 'string', default: 'clientAuth' },
      json: { type: 'boolean', default: false },
    },
  });
  const [command, file] = positionals;
  if (command !== 'explain' || file === undefined) throw new UsageProblem(usage);
  const at = values.at === undefined ? Date.now() : Date.parse(values.at);
  if (Number.isNaN(at)) throw new UsageProblem(`"${values.at}" is no time; write it like 2026-01-31T12:00:00Z.`);
  const explanation = explainChain({
    chain: readCertificates(file),
    roots: values.root.flatMap(readCertificates),
    crls: values.crl.flatMap(readBlocks).map(parseCertificateList),
    ocspAnswers: values.ocsp.flatMap(readBlocks).map(parseOcspResponse),
    at,
    usage: values.usage === 'none' ? undefined : values.usage,
  });
  const colour =
    process.env['FORCE_COLOR'] !== undefined || (process.stdout.isTTY && process.env['NO_COLOR'] === undefined);
  console.log(values.json ? JSON.stringify(explanation, null, 2) : writeExplanation(explanation, colour));
  return explanation.verdict === 'valid' ? 0 : 1;
}

function isExpected(error: unknown): error is Error {
  return (
    error instanceof UsageProblem ||
    error instanceof MalformedPem ||
    error instanceof MalformedCertificateList ||
    error instanceof MalformedOcspResponse ||
    error instanceof OcspResponderRefusal ||
    (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'))
  );
}

try {
  process.exitCode = main();
} catch (error) {
  if (!isExpected(error)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
