import * as asn1js from 'asn1js';
import { webcrypto } from 'node:crypto';
import {
  Attribute,
  AuthenticatedSafe,
  CertBag,
  Certificate,
  CryptoEngine,
  PFX,
  PKCS8ShroudedKeyBag,
  PrivateKeyInfo,
  SafeBag,
  SafeContents,
} from 'pkijs';

export interface Pkcs12Content {
  /** PKCS#8 in DER. */
  readonly privateKey: Uint8Array;
  /** DER, leaf first. */
  readonly certificates: readonly Uint8Array[];
  readonly friendlyName: string;
  readonly password: string;
}

/** The vector is made by PKI.js; its type asks for one all the same. */
type EncryptionAlgorithm = Parameters<PKCS8ShroudedKeyBag['makeInternalValues']>[0]['contentEncryptionAlgorithm'];

const iterations = 100_000;
const bagId = { shroudedKey: '1.2.840.113549.1.12.10.1.2', certificate: '1.2.840.113549.1.12.10.1.3' } as const;
const attributeId = { friendlyName: '1.2.840.113549.1.9.20', localKeyId: '1.2.840.113549.1.9.21' } as const;

/**
 * A PKCS#12 file (RFC 7292) with a key and its chain, for clients that import one file: the key under PBES2 with
 * AES-256-CBC, the whole under HMAC-SHA-256.
 */
export async function buildPkcs12(content: Pkcs12Content): Promise<Uint8Array> {
  const engine = new CryptoEngine({ name: 'node', crypto: webcrypto as unknown as Crypto });
  const password = new TextEncoder().encode(content.password).buffer;
  const keyId = new asn1js.OctetString({ valueHex: Uint8Array.of(1).buffer });
  const leafAttributes = () => [
    new Attribute({ type: attributeId.friendlyName, values: [new asn1js.BmpString({ value: content.friendlyName })] }),
    new Attribute({ type: attributeId.localKeyId, values: [keyId] }),
  ];
  const key = new PKCS8ShroudedKeyBag({ parsedValue: PrivateKeyInfo.fromBER(arrayBuffer(content.privateKey)) });
  await key.makeInternalValues(
    {
      password,
      contentEncryptionAlgorithm: { name: 'AES-CBC', length: 256 } as unknown as EncryptionAlgorithm,
      hmacHashAlgorithm: 'SHA-256',
      iterationCount: iterations,
    },
    engine,
  );
  const certificates = content.certificates.map(
    (der, index) =>
      new SafeBag({
        bagId: bagId.certificate,
        bagValue: new CertBag({ parsedValue: Certificate.fromBER(arrayBuffer(der)) }),
        ...(index === 0 ? { bagAttributes: leafAttributes() } : {}),
      }),
  );
  const safe = (safeBags: SafeBag[]) => ({ privacyMode: 0, value: new SafeContents({ safeBags }) });
  const authenticatedSafe = new AuthenticatedSafe({
    parsedValue: {
      safeContents: [
        safe([new SafeBag({ bagId: bagId.shroudedKey, bagValue: key, bagAttributes: leafAttributes() })]),
        safe(certificates),
      ],
    },
  });
  await authenticatedSafe.makeInternalValues({ safeContents: [{}, {}] }, engine);
  const file = new PFX({ parsedValue: { integrityMode: 0, authenticatedSafe } });
  await file.makeInternalValues(
    { password, iterations, pbkdf2HashAlgorithm: 'SHA-256', hmacHashAlgorithm: 'SHA-256' },
    engine,
  );
  return new Uint8Array(file.toSchema().toBER());
}

function arrayBuffer(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
