import type { ReceiverCredentialInput } from '@sluice/contracts';
import { formatDistinguishedName, invalidArgument, type FieldViolation } from '@sluice/domain';
import { decodePem, decodePemBlocks, encodePem, MalformedPem, parseCertificate } from '@sluice/pki';
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import type { ReceiverSecret } from './receiver-credential.js';
import type { ShownOfCredential } from './receiver-credential.entity.js';

const aliasPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;

/** @throws SluiceError `invalid-argument` */
export function checkAlias(alias: string): void {
  if (!aliasPattern.test(alias) || alias.endsWith('.') || alias.includes('..'))
    throw invalidArgument([
      {
        field: 'alias',
        message:
          'must be 1 to 200 of the characters A-Z a-z 0-9 . _ -, begin with a letter or digit, and have no empty part between dots',
      },
    ]);
}

/**
 * Checks what an administrator sent and divides it into what may be shown and what is sealed.
 * @throws SluiceError `invalid-argument` with every violation; never with a value
 */
export function readCredentialInput(credential: ReceiverCredentialInput): {
  secret: ReceiverSecret;
  shown: ShownOfCredential;
} {
  const description = credential.description === undefined ? {} : { description: credential.description };
  switch (credential.type) {
    case 'UserCredentials': {
      // RFC 7617 §2: the first colon ends the user-id.
      if (credential.user.includes(':')) throw invalidArgument([{ field: 'user', message: 'must not hold a colon' }]);
      const { type, user, password } = credential;
      return { secret: { type, user, password }, shown: { ...description, user } };
    }
    case 'OAuth2ClientCredentials': {
      const { type, tokenUrl, clientId, clientSecret, scope = '', clientAuthentication } = credential;
      const { username, password } = new URL(tokenUrl);
      if (username !== '' || password !== '')
        throw invalidArgument([{ field: 'tokenUrl', message: 'must not hold a user or a password' }]);
      return {
        secret: { type, tokenUrl, clientId, clientSecret, scope, clientAuthentication },
        shown: { ...description, tokenUrl, clientId, clientAuthentication, ...(scope === '' ? {} : { scope }) },
      };
    }
    case 'KeyPair':
      return readKeyPair(credential, description);
  }
}

function readKeyPair(
  input: Extract<ReceiverCredentialInput, { type: 'KeyPair' }>,
  description: { description?: string },
): { secret: ReceiverSecret; shown: ShownOfCredential } {
  const chain = attempt('certificate', () => decodePem(input.certificate).map(parseCertificate));
  const key = attempt('key', () => readKey(input.key));
  const certificate = chain[0];
  if (certificate === undefined || !new X509Certificate(certificate.der).checkPrivateKey(key))
    throw invalidArgument([{ field: 'key', message: 'is not the key of the first certificate' }]);
  return {
    secret: {
      type: 'KeyPair',
      certificateChain: chain.map(({ der }) => encodePem(der)).join(''),
      key: key.export({ type: 'pkcs8', format: 'pem' }) as string,
    },
    shown: {
      ...description,
      certificate: {
        subjectdn: formatDistinguishedName(certificate.subject),
        issuerdn: formatDistinguishedName(certificate.issuer),
        sha256: certificate.sha256,
        validuntil: new Date(certificate.notAfter).toISOString(),
      },
    },
  };
}

function readKey(pem: string): KeyObject {
  const blocks = decodePemBlocks(pem).filter(({ label }) => label.endsWith('PRIVATE KEY'));
  const block = blocks[0];
  if (block === undefined || blocks.length > 1) throw new MalformedPem('The text holds not exactly one private key.');
  if (block.label.startsWith('ENCRYPTED'))
    throw new MalformedPem('The private key is encrypted: decrypt it first, it is sealed here.');
  return createPrivateKey(encodePem(block.der, block.label));
}

function attempt<T>(field: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    // What a parser says may quote its input.
    const message = error instanceof MalformedPem ? error.message : 'cannot be read as PEM';
    throw invalidArgument([{ field, message }] satisfies FieldViolation[]);
  }
}
