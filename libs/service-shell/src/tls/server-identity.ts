import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** What a listener shows to say who it is. */
export interface ServerIdentity {
  /** Leaf first, root last: a connectivity test hands the root out. PEM. */
  readonly certificateChain: string;
  readonly privateKey: string;
}

export interface ServerIdentityFiles {
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** The files do not make a server certificate that could be shown. */
export class UnusableServerCertificate extends Error {
  override readonly name = 'UnusableServerCertificate';
}

/** @throws UnusableServerCertificate with a sentence that names the file and what is wrong with it */
export function readServerIdentity(files: ServerIdentityFiles, now: number): ServerIdentity {
  const { certificateFile, keyFile } = files;
  const certificateChain = read(certificateFile);
  const privateKey = read(keyFile);
  const leaf = attempt(`${certificateFile} is not a certificate in PEM`, () => new X509Certificate(certificateChain));
  const key = attempt(`${keyFile} is not a private key in PEM`, () => createPrivateKey(privateKey));
  if (!leaf.checkPrivateKey(key))
    throw new UnusableServerCertificate(`The key in ${keyFile} is not that of the certificate in ${certificateFile}.`);
  if (leaf.validToDate.getTime() <= now)
    throw new UnusableServerCertificate(
      `The certificate in ${certificateFile} ended at ${leaf.validToDate.toISOString()}.`,
    );
  return { certificateChain, privateKey };
}

function read(file: string): string {
  return attempt(`${file} cannot be read`, () => readFileSync(file, 'utf8'));
}

function attempt<T>(sentence: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new UnusableServerCertificate(`${sentence}.`, { cause: error });
  }
}
