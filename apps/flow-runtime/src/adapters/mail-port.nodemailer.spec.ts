import { afterEach, describe, expect, it } from '@jest/globals';
import type { MailRequest } from '@sluice/flow-engine';
import { TestAuthority } from '@sluice/testing';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { readDestinationPolicy } from '@sluice/domain';
import { Destinations } from '@sluice/service-shell';
import { loopbackDestinations } from './testing/loopback-destinations.js';
import { readReceiverHosts } from './receiver-hosts.js';
import type { ReceiverCredential } from '../receiver-credentials/receiver-credential.js';
import { NodemailerMailPort } from './mail-port.nodemailer.js';
import { speakSmtp, type ReceivedMail } from './testing/speak-smtp.js';

const endings: (() => void)[] = [];
afterEach(() => {
  for (const end of endings.splice(0)) end();
});

async function mailServer(options: { refuse?: boolean; server?: (speakTo: (socket: Socket) => void) => Server } = {}) {
  const received: ReceivedMail = { commands: [], mail: '' };
  const sockets = new Set<Socket>();
  const speakTo = (socket: Socket): void => {
    sockets.add(socket);
    speakSmtp(socket, received, options.refuse ?? false);
  };
  const server = options.server?.(speakTo) ?? createServer(speakTo);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endings.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { received, port: (server.address() as AddressInfo).port };
}

const credential: ReceiverCredential = {
  alias: 'mail',
  version: 1,
  secret: { type: 'UserCredentials', user: 'shop', password: 'pa55' },
};
const portWith = (more: { trustedRoots?: string; hosts?: string; destinations?: Destinations } = {}) =>
  new NodemailerMailPort({
    credentials: { get: (alias) => Promise.resolve(alias === 'mail' ? credential : undefined) },
    mayCall: readReceiverHosts(more.hosts ?? ''),
    destinations: more.destinations ?? loopbackDestinations,
    ...(more.trustedRoots === undefined ? {} : { trustedRoots: more.trustedRoots }),
  });

const mail = (server: string, receiver: Partial<MailRequest['receiver']> = {}): MailRequest => ({
  receiver: {
    server,
    security: 'off',
    authentication: 'loginPlain',
    credential: 'mail',
    timeoutMs: 5_000,
    ...receiver,
  },
  from: 'shop@example.com',
  to: 'a@example.com, b@example.com',
  cc: 'c@example.com',
  bcc: 'hidden@example.com',
  subject: 'Order ä',
  body: 'Thank you',
  contentType: 'text/plain',
  attachments: [{ name: 'order.xml', mediaType: 'application/xml', content: '<o/>' }],
});

describe('the mail receiver', () => {
  it('sends body and attachments to everybody it names, as the user of its credential', async () => {
    const { received, port } = await mailServer();
    await portWith().send(mail(`127.0.0.1:${port}`));
    expect(received.commands).toEqual(
      expect.arrayContaining([
        `AUTH PLAIN ${Buffer.from('\0shop\0pa55').toString('base64')}`,
        'MAIL FROM:<shop@example.com>',
        ...['a', 'b', 'c', 'hidden'].map((name) => `RCPT TO:<${name}@example.com>`),
      ]),
    );
    expect(received.mail).toMatch(/^Subject: =\?UTF-8\?/m);
    expect(received.mail).toContain('Thank you');
    expect(received.mail).toContain('order.xml');
    expect(received.mail).not.toContain('hidden@');
  });

  it('sends over TLS to a server its roots stand for, and to no other', async () => {
    const authority = await TestAuthority.root({ subject: 'CN=Mail' });
    const certificate = await authority.leaf({
      subject: 'CN=mail',
      subjectAltNames: ['127.0.0.1'],
      extendedKeyUsage: ['serverAuth'],
    });
    const server = (speakTo: (socket: Socket) => void) =>
      createTlsServer({ cert: certificate.pem, key: certificate.key.pem }, speakTo);
    const { received, port } = await mailServer({ server });
    const request = mail(`127.0.0.1:${port}`, { security: 'smtps' });
    await expect(portWith().send(request)).rejects.toMatchObject({ code: 'receiver-failed' });
    expect(received.commands).toEqual([]);
    await portWith({ trustedRoots: authority.pem }).send(request);
    expect(received.mail).toContain('Thank you');
  });

  it('gives no password to a server that does not offer the TLS it must have', async () => {
    const { received, port } = await mailServer();
    await expect(portWith().send(mail(`127.0.0.1:${port}`, { security: 'starttls_required' }))).rejects.toMatchObject({
      code: 'receiver-failed',
    });
    expect(received.commands.join()).not.toContain('AUTH');
  });

  it('connects to no server on this machine unless the operator lets it, and does not tell why', async () => {
    const { received, port } = await mailServer();
    const policy = readDestinationPolicy('', '');
    if (!('policy' in policy)) throw new Error('The list cannot be read.');
    const closed = portWith({ destinations: new Destinations(policy.policy, () => undefined) });
    const sentence = (error: unknown) => String(error).replace(/:\d+ /, ': ');
    for (const host of ['127.0.0.1', 'localhost', '[::1]']) {
      const refused: unknown = await closed.send(mail(`${host}:${port}`)).catch((error: unknown) => error);
      const unheard: unknown = await portWith()
        .send(mail(`${host}:1`))
        .catch((error: unknown) => error);
      expect(sentence(refused)).toContain('ALLOWED_DESTINATIONS');
      expect(sentence(refused)).toBe(sentence(unheard));
    }
    expect(received.commands).toEqual([]);
  });

  it('fails when the server refuses, when nobody listens, and when the credential is missing', async () => {
    const { port } = await mailServer({ refuse: true });
    await expect(portWith().send(mail(`127.0.0.1:${port}`))).rejects.toThrow('(550)');
    await expect(portWith().send(mail('127.0.0.1:1'))).rejects.toMatchObject({ code: 'receiver-failed' });
    await expect(portWith().send(mail('127.0.0.1:1', { credential: 'other' }))).rejects.toThrow(
      '/v1/credentials/other',
    );
    await expect(portWith().send(mail(''))).rejects.toThrow('names no server');
  });

  it('calls no host but those the operator named', async () => {
    await expect(portWith({ hosts: 'mail.example.com:25' }).send(mail('127.0.0.1:25'))).rejects.toThrow(
      'RECEIVER_HOSTS',
    );
  });
});
