import { SluiceError } from '@sluice/domain';
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { AuthenticatedRequest } from '../http/administrator.js';
import { strictTransportSecurity, type AdminListener } from './admin-listener.js';

type Sent = AuthenticatedRequest & {
  readonly raw: IncomingMessage;
  readonly headers: Record<string, string | string[] | undefined>;
};
interface Reply {
  header(name: string, value: string): unknown;
}
interface Hooks {
  addHook(name: 'onRequest', hook: (request: Sent, reply: Reply, done: (error?: Error) => void) => void): unknown;
  addHook(name: 'onListen', hook: (done: () => void) => void): unknown;
  addHook(name: 'onClose', hook: (instance: unknown, done: () => void) => void): unknown;
}

/** Gives each request what its connection says of it, before anybody looks at it. */
export function useListener(
  fastify: unknown,
  listener: AdminListener,
  { tlsEndsAtProxy }: { readonly tlsEndsAtProxy: boolean },
): void {
  const hooks = fastify as Hooks;
  hooks.addHook('onRequest', (request, reply, done) => {
    const { socket } = request.raw;
    const host = String(request.headers['host'] ?? '');
    // RFC 9110 §7.4
    if (!listener.agrees(socket, host))
      return done(
        new SluiceError(
          'misdirected',
          'The request is for another host than the connection was made to: connect anew, by that name.',
        ),
      );
    request.certificate = listener.certificateOf(socket);
    // Whatever the proxy says: it was let in because TLS ends there.
    if (tlsEndsAtProxy) request.headers['x-forwarded-proto'] = 'https';
    const policy = (socket as TLSSocket).encrypted ? strictTransportSecurity(socket, host) : undefined;
    if (policy !== undefined) reply.header('strict-transport-security', policy);
    done();
  });
  hooks.addHook('onListen', (done) => {
    listener.start();
    done();
  });
  hooks.addHook('onClose', (_instance, done) => {
    listener.stop();
    done();
  });
}
