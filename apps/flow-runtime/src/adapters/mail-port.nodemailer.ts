import { FlowProcessingError, type MailPort, type MailRequest } from '@sluice/flow-engine';
import { isUnreachable, unreachableSentence, type Destinations } from '@sluice/service-shell';
import { createTransport } from 'nodemailer';
import type { Socket } from 'node:net';
import type { MayCall } from './receiver-hosts.js';
import type { CredentialStore } from '../receiver-credentials/credential-store.postgres.js';

export interface NodemailerMailPortOptions {
  readonly credentials: CredentialStore;
  readonly mayCall: MayCall;
  readonly destinations: Destinations;
  /** PEM; undefined: the roots Node ships. */
  readonly trustedRoots?: string;
}

const standardPorts = { smtps: 465, starttls_required: 587, starttls_optional: 587, off: 25 } as const;

/** Sends one mail over one connection of its own: no connection is shared between users. */
export class NodemailerMailPort implements MailPort {
  constructor(private readonly options: NodemailerMailPortOptions) {}

  async send(request: MailRequest): Promise<void> {
    const { receiver } = request;
    const { host, port } = serverOf(receiver.server, standardPorts[receiver.security]);
    if (!this.options.mayCall(new URL(`smtp://${host.includes(':') ? `[${host}]` : host}:${port}`)))
      throw new FlowProcessingError(
        'receiver-failed',
        `Flows of this runtime may not call ${host}:${port}: RECEIVER_HOSTS does not name it.`,
      );
    const { trustedRoots } = this.options;
    const auth = receiver.authentication === 'none' ? {} : { auth: await this.#auth(receiver.credential) };
    const connection = await this.#connect(host, port, receiver.timeoutMs);
    const transport = createTransport({
      connection,
      host,
      port,
      secure: receiver.security === 'smtps',
      requireTLS: receiver.security === 'starttls_required',
      ignoreTLS: receiver.security === 'off',
      ...auth,
      ...(receiver.authentication === 'loginEncrypted' ? { authMethod: 'CRAM-MD5' } : {}),
      tls: { rejectUnauthorized: true, ...(trustedRoots === undefined ? {} : { ca: trustedRoots }) },
      connectionTimeout: receiver.timeoutMs,
      greetingTimeout: receiver.timeoutMs,
      socketTimeout: receiver.timeoutMs,
      // What is attached is content, never a file or an address of this machine.
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    try {
      await transport.sendMail({
        from: request.from,
        to: request.to,
        cc: request.cc,
        bcc: request.bcc,
        subject: request.subject,
        ...(/^text\/html\b/i.test(request.contentType) ? { html: request.body } : { text: request.body }),
        attachments: request.attachments.map(({ name, mediaType, content }) => ({
          filename: name,
          contentType: mediaType,
          content: typeof content === 'string' ? content : Buffer.from(content),
        })),
      });
    } catch (error) {
      const { code, responseCode } = error as { code?: unknown; responseCode?: unknown };
      const timedOut = code === 'ETIMEDOUT';
      throw new FlowProcessingError(
        timedOut ? 'receiver-timeout' : 'receiver-failed',
        `The mail server ${host}:${port} did not take the mail: ${String(code ?? 'unknown')}${typeof responseCode === 'number' ? ` (${responseCode})` : ''}.`,
        { cause: error },
      );
    } finally {
      transport.close();
      connection.destroy();
    }
  }

  /** The mailer's own connections would not ask the policy of destinations about the addresses they are made to. */
  async #connect(host: string, port: number, timeoutMs: number): Promise<Socket> {
    try {
      return await this.options.destinations.connected(host, port, timeoutMs);
    } catch (error) {
      throw new FlowProcessingError(
        'receiver-failed',
        `The mail server ${host}:${port} did not take the mail: ${isUnreachable(error) ? unreachableSentence : 'it ended the connection'}.`,
        { cause: error },
      );
    }
  }

  async #auth(alias: string): Promise<{ user: string; pass: string }> {
    const credential = alias === '' ? undefined : await this.options.credentials.get(alias);
    if (credential?.secret.type !== 'UserCredentials')
      throw new FlowProcessingError(
        'receiver-failed',
        `The mail receiver needs user and password: put them to /v1/credentials/${alias || '<alias>'}.`,
      );
    return { user: credential.secret.user, pass: credential.secret.password };
  }
}

function serverOf(server: string, standardPort: number): { host: string; port: number } {
  const [, host = '', port] = /^\[?([^\s\]]*?)\]?(?::(\d{1,5}))?$/.exec(server.trim()) ?? [];
  if (host === '')
    throw new FlowProcessingError('receiver-failed', 'The mail receiver names no server: host, or host:port.');
  return { host, port: port === undefined ? standardPort : Number(port) };
}
