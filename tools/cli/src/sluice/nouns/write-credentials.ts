import { downloadCertificates, runConnectivityTest, type Credentials } from '@sluice/contracts';
import type { AdminClient } from '@sluice/admin-client';
import { buildPkcs12, decodePem, encodePem } from '@sluice/pki';
import { unzipSync } from 'fflate';
import { createPrivateKey, randomBytes } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { CommandFailed, exitCode } from '../exit-code.js';

export interface WrittenFile {
  readonly file: string;
  readonly what: string;
}

/** What may be written. */
const names = [
  'client.pem',
  'client.key',
  'client.p12',
  'client.p12.password',
  'client-id',
  'client-secret',
  'token-url',
  'server-root.pem',
] as const;

/**
 * Makes sure, before anything is made that is shown once, that its files can be written, and that none is there already: it may hold the only
 * private key of another sender.
 */
export function prepareFolder(given: string): void {
  const folder = resolve(given);
  try {
    // Asked for more than one level, Node never ends where a parent is there and lets nothing be made.
    if (!existsSync(folder)) mkdirSync(folder, { recursive: !existsSync(dirname(folder)), mode: 0o700 });
    const probe = join(folder, `.probe-${randomBytes(6).toString('hex')}`);
    writeFileSync(probe, '', { flag: 'wx', mode: 0o600 });
    rmSync(probe);
    if ((statSync(folder).mode & 0o002) !== 0)
      throw new Error('everybody may write there; chmod o-w, or name another folder');
  } catch (error) {
    throw new CommandFailed(`${folder} cannot be written: ${(error as Error).message}`, exitCode.usage);
  }
  const there = names.filter((name) => lstatSync(join(folder, name), { throwIfNoEntry: false }));
  if (there.length > 0)
    throw new CommandFailed(
      `${folder} has credentials already (${there.join(', ')}), and they are not overwritten: name another folder.`,
      exitCode.conflict,
    );
}

/**
 * Writes what a sender needs into files that work as they are: certificate with its chain, private key (readable by the owner alone),
 * both as PKCS#12 with its password beside it, the root that the flow port's certificate ends in.
 */
export async function writeCredentials(
  client: AdminClient,
  folder: string,
  credentials: Credentials,
  friendlyName: string,
): Promise<WrittenFile[]> {
  const written: WrittenFile[] = [];
  const write = (name: (typeof names)[number], content: string | Uint8Array, what: string, secret: boolean) => {
    const file = join(folder, name);
    // Nothing that came there meanwhile is written to, nor through (O_EXCL).
    writeFileSync(file, content, { mode: secret ? 0o600 : 0o644, flag: 'wx' });
    written.push({ file, what });
  };
  const { certificate, key, clientsecret } = credentials;
  if (certificate) write('client.pem', certificate, 'certificate and chain', false);
  if (key) write('client.key', key, 'private key', true);
  if (certificate && key) {
    const password = randomBytes(18).toString('base64url');
    const content = await buildPkcs12({
      privateKey: createPrivateKey(key).export({ format: 'der', type: 'pkcs8' }),
      certificates: decodePem(certificate),
      friendlyName,
      password,
    });
    write('client.p12', content, 'both, as PKCS#12', true);
    write('client.p12.password', `${password}\n`, 'its password', true);
  }
  if (clientsecret) {
    write('client-id', `${credentials.clientid}\n`, 'clientid', false);
    write('token-url', `${credentials.tokenurl}\n`, 'where it gets its tokens', false);
    write('client-secret', `${clientsecret}\n`, 'clientsecret', true);
  }
  const root = await serverRoot(client, credentials.url);
  if (root) write('server-root.pem', root, "root of the flow port's certificate", false);
  return written;
}

/** The root that the server sends with its chain, as the connectivity test of the installation sees it. */
async function serverRoot(client: AdminClient, url: string): Promise<string | undefined> {
  const { hostname, port } = new URL(url);
  const test = await client.call(runConnectivityTest, {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? 443 : Number(port),
    validateServerCertificate: false,
  });
  const root = test.certificates.find((each) => each.root);
  if (!root) return undefined;
  const content = unzipSync(await client.download(downloadCertificates, { id: test.id }))[root.file];
  return content && (content[0] === 0x30 ? encodePem(content) : new TextDecoder().decode(content));
}
