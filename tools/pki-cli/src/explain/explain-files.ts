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
import { readFileSync } from 'node:fs';
import { explainChain, type Explanation } from './explain-chain.js';

/** Names of files; PEM or DER, but OCSP responses are DER. */
export interface ExplainedFiles {
  /** The certificate first, then the rest of its chain. */
  readonly file: string;
  readonly root?: readonly string[] | undefined;
  readonly crl?: readonly string[] | undefined;
  readonly ocsp?: readonly string[] | undefined;
  /** ISO 8601; absent: now. */
  readonly at?: string | undefined;
  /** Extended key usage to ask for; `none` for none. */
  readonly usage: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

class Unreadable extends Error {}

/** @returns the explanation, or in a sentence why the files cannot be read */
export function explainFiles(given: ExplainedFiles): { explanation: Explanation } | { problem: string } {
  const at = given.at === undefined ? given.now : Date.parse(given.at);
  if (Number.isNaN(at)) return { problem: `"${given.at}" is no time; write it like 2026-01-31T12:00:00Z.` };
  try {
    const explanation = explainChain({
      chain: readCertificates(given.file),
      roots: (given.root ?? []).flatMap(readCertificates),
      crls: (given.crl ?? []).flatMap(readBlocks).map(parseCertificateList),
      ocspAnswers: (given.ocsp ?? []).flatMap(readBlocks).map(parseOcspResponse),
      at,
      usage: given.usage === 'none' ? undefined : given.usage,
    });
    return { explanation };
  } catch (error) {
    if (isExpected(error)) return { problem: error.message };
    throw error;
  }
}

function readBytes(path: string): Buffer {
  try {
    return readFileSync(path === '-' ? 0 : path);
  } catch (error) {
    throw new Unreadable(`${path} cannot be read (${error instanceof Error ? error.message : 'unknown error'}).`);
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

function isExpected(error: unknown): error is Error {
  return (
    error instanceof Unreadable ||
    error instanceof MalformedPem ||
    error instanceof MalformedCertificateList ||
    error instanceof MalformedOcspResponse ||
    error instanceof OcspResponderRefusal
  );
}
