import { createPrivateKey, createPublicKey } from 'node:crypto';

/** A secret with every form in which it could stand somewhere by mistake. */
export interface Secret {
  readonly name: string;
  readonly forms: readonly string[];
}

/** Bytes as text, in the encodings programs write them in. */
function encodings(bytes: Buffer): string[] {
  return [
    bytes.toString('hex'),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    bytes.toString('latin1'),
  ];
}

/** The key as PEM has it, as DER, and the secret numbers in it alone, which every other format holds. */
export function privateKeySecret(name: string, pem: string): Secret {
  const key = createPrivateKey(pem);
  const { d, p, q } = key.export({ format: 'jwk' });
  const open = createPublicKey(key).export({ type: 'spki', format: 'der' });
  // A line of the PEM, but not its first, which begins alike in every key, nor one that is of the public key alone.
  const lines = pem
    .split('\n')
    .filter((line) => line.length === 64 && !open.includes(Buffer.from(line, 'base64')))
    .slice(1);
  const numbers = [d, p, q].flatMap((number) =>
    number === undefined ? [] : encodings(Buffer.from(number, 'base64url')),
  );
  return { name, forms: [...encodings(key.export({ type: 'pkcs8', format: 'der' })), ...numbers, ...lines] };
}

export function textSecret(name: string, text: string): Secret {
  return { name, forms: [text, ...encodings(Buffer.from(text))] };
}

export function bytesSecret(name: string, bytes: Buffer): Secret {
  return { name, forms: encodings(bytes) };
}

/** @returns the names of the secrets that stand in the text */
export function secretsIn(text: string, secrets: readonly Secret[]): string[] {
  return secrets.filter(({ forms }) => forms.some((form) => text.includes(form))).map(({ name }) => name);
}
