import { certificateListMediaTypes, flowMediaTypes, followEvents, multipartMediaType } from '@sluice/contracts';
import { continueRequest, runInRequest } from '@sluice/messaging';
import { nestLogger, ShellModule, type Readiness, type Shell } from '@sluice/service-shell';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { RequestListener } from 'node:http';
import { listenerOf, type Config } from '../config.js';
import { AdminListener } from '../listener/admin-listener.js';
import { useListener } from '../listener/use-listener.js';
import { bodyLimit } from './body-limit.js';
import { authenticate, Authentication, requireRight, type AuthenticatedRequest } from './administrator.js';
import { operationOf, readTarget, type IncomingRequest } from './given.js';
import { HttpModule } from './http.module.js';
import { ProblemFilter, sendUnroutableUrl, type Reply } from './problem-filter.js';
import { jsonBodyReader, type ParseJson } from './read-json-body.js';

/** Of a form, in bytes: a client, its secret and a scope. */
const formLimit = 16 * 1024;

/** Holds the shell's module and the operations. */
@Module({})
class HttpRoot {}

/** The HTTP application of the admin API, not listening yet. @param now milliseconds since 1970; a test gives its own */
export async function createHttpApp(
  shell: Shell,
  config: Config,
  readiness: Readiness,
  now: () => number = () => Date.now(),
): Promise<NestFastifyApplication> {
  const listener = new AdminListener(listenerOf(config), now, shell.onFault);
  const adapter = new FastifyAdapter({
    bodyLimit,
    forceCloseConnections: 'idle',
    serverFactory: (handler: RequestListener) => listener.createServer(handler),
    ...(config.ADMIN_TRUSTED_PROXIES ? { trustProxy: config.ADMIN_TRUSTED_PROXIES } : {}),
    frameworkErrors: (error: unknown, _request: unknown, reply: unknown) => sendUnroutableUrl(reply as Reply, error),
  });
  const app = await NestFactory.create<NestFastifyApplication>(
    { module: HttpRoot, imports: [ShellModule.of(shell, config, readiness, now), HttpModule] },
    adapter,
    {
      logger: nestLogger(shell.log),
      abortOnError: false,
    },
  );
  const fastify = app.getHttpAdapter().getInstance();
  const raw = [...Object.keys(flowMediaTypes), multipartMediaType, ...certificateListMediaTypes].filter(
    (type) => type !== 'application/json',
  );
  fastify.removeContentTypeParser('text/plain');
  fastify.addContentTypeParser(
    raw,
    { parseAs: 'buffer' },
    (_request: unknown, body: unknown, done: (error: null, body: unknown) => void) => done(null, body),
  );
  const parseJson = fastify.getDefaultJsonParser('error', 'error') as ParseJson;
  app.useBodyParser('application/json', { bodyLimit }, jsonBodyReader(parseJson));
  // Read by the one call that takes it: RFC 6749 wants to know what stands in it twice.
  app.useBodyParser(
    'application/x-www-form-urlencoded',
    { bodyLimit: formLimit },
    (_request: unknown, body: unknown, done: (error: null, body: unknown) => void) => done(null, body),
  );
  fastify.addHook('preValidation', (request: IncomingRequest, _reply: unknown, done: (error?: Error) => void) => {
    try {
      readTarget(request);
      done();
    } catch (error) {
      done(error as Error);
    }
  });
  fastify.addHook('onRequest', (request: { headers: Record<string, unknown> }, _reply: unknown, done: () => void) => {
    const given = (name: string) =>
      typeof request.headers[name] === 'string' ? (request.headers[name] as string) : undefined;
    runInRequest(continueRequest({ requestId: given('x-request-id'), traceparent: given('traceparent') }), done);
  });
  useListener(fastify, listener, { tlsEndsAtProxy: config.ADMIN_PLAIN_HTTP === 'behind-proxy' });
  const authentication = app.get(Authentication);
  // Before anything else is read: what a stranger sends costs nothing, nor does what somebody may not do.
  fastify.addHook(
    'onRequest',
    (request: IncomingRequest & AuthenticatedRequest, _reply: unknown, done: (error?: Error) => void) => {
      const operation = operationOf(request);
      if (!operation || operation.needs === 'nothing') return done();
      request.watches = operation === followEvents;
      authenticate(authentication, request)
        .then(() => requireRight(operation, request.administrator))
        .then(() => done(), done);
    },
  );
  app.useGlobalFilters(new ProblemFilter(shell.onFault));
  return app;
}
