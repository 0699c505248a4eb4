import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { importPrivateKey, importPublicKey, signingAlgorithm, testKey, type TestKey } from './test-key.js';
import type { KeyUsage } from './test-authority.js';

export interface TestRequestOptions {
  /** RFC 4514, without escapes. */
  readonly subject: string;
  readonly key?: TestKey;
  /** Asks for basicConstraints with this `CA`. */
  readonly ca?: boolean;
  readonly keyUsage?: readonly KeyUsage[];
}

/** A PKCS#10 request made without the product's code. @returns its PEM and its key */
export async function testRequest(
  options: TestRequestOptions,
): Promise<{ pem: string; der: Uint8Array; key: TestKey }> {
  const key = options.key ?? testKey();
  const request = await x509.Pkcs10CertificateRequestGenerator.create(
    {
      name: options.subject,
      keys: { privateKey: await importPrivateKey(key), publicKey: await importPublicKey(key) },
      signingAlgorithm: signingAlgorithm(key.type),
      extensions: [
        ...(options.ca === undefined ? [] : [new x509.BasicConstraintsExtension(options.ca, undefined, true)]),
        ...(options.keyUsage
          ? [new x509.KeyUsagesExtension(options.keyUsage.reduce((bits, name) => bits | x509.KeyUsageFlags[name], 0))]
          : []),
      ],
    },
    crypto,
  );
  return { pem: `${request.toString('pem')}\n`, der: new Uint8Array(request.rawData), key };
}
