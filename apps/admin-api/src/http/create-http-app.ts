import { continueRequest, runInRequest } from '@sluice/messaging';
import { nestLogger, type Destinations, type Shell } from '@sluice/service-shell';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from '../app.module.js';
import { flowMediaTypes, largestArtifactBytes, multipartMediaType } from '../flows/read-artifact.js';
import { certificateListMediaTypes } from '../trusted-roots/trusted-roots.controller.js';
import { checkRequestTarget } from './check-request-target.js';
import { ProblemFilter } from './problem-filter.js';
import { jsonBodyReader, type ParseJson } from './read-json-body.js';

/** The artifact of a flow, and what multipart/form-data puts around it. */
const bodyLimit = largestArtifactBytes + 64 * 1024;

export async function createHttpApp(
  shell: Shell,
  destinations: Destinations,
  notReady: () => readonly string[],
): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({ bodyLimit, forceCloseConnections: 'idle', requestTimeout: 60_000 });
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with(shell, destinations, notReady), adapter, {
    logger: nestLogger(shell.log),
    abortOnError: false,
  });
  const fastify = app.getHttpAdapter().getInstance();
  const raw = [...Object.keys(flowMediaTypes), multipartMediaType, ...certificateListMediaTypes].filter(
    (type) => type !== 'application/json',
  );
  fastify.addContentTypeParser(
    raw,
    { parseAs: 'buffer' },
    (_request: unknown, body: unknown, done: (error: null, body: unknown) => void) => done(null, body),
  );
  const parseJson = fastify.getDefaultJsonParser('error', 'error') as ParseJson;
  app.useBodyParser('application/json', { bodyLimit }, jsonBodyReader(parseJson));
  fastify.addHook(
    'preValidation',
    (
      request: { method: string; routeOptions: { url?: string }; params: unknown; query: unknown },
      _reply: unknown,
      done: (error?: Error) => void,
    ) => {
      try {
        checkRequestTarget({
          method: request.method,
          route: request.routeOptions.url,
          params: (request.params ?? {}) as Record<string, unknown>,
          query: (request.query ?? {}) as Record<string, unknown>,
        });
        done();
      } catch (error) {
        done(error as Error);
      }
    },
  );
  fastify.addHook('onRequest', (request: { headers: Record<string, unknown> }, _reply: unknown, done: () => void) => {
    const given = (name: string) =>
      typeof request.headers[name] === 'string' ? (request.headers[name] as string) : undefined;
    runInRequest(continueRequest({ requestId: given('x-request-id'), traceparent: given('traceparent') }), done);
  });
  app.useGlobalFilters(new ProblemFilter(shell.onFault));
  return app;
}
