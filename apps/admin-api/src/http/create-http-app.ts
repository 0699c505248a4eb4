import { continueRequest, runInRequest } from '@sluice/messaging';
import { nestLogger, type Shell } from '@sluice/service-shell';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from '../app.module.js';
import { flowMediaTypes, largestArtifactBytes, multipartMediaType } from '../flows/read-artifact.js';
import { certificateListMediaTypes } from '../trusted-roots/trusted-roots.controller.js';
import { ProblemFilter } from './problem-filter.js';

/** The artifact of a flow, and what multipart/form-data puts around it. */
const bodyLimit = largestArtifactBytes + 64 * 1024;

export async function createHttpApp(shell: Shell, notReady: () => readonly string[]): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({ bodyLimit, forceCloseConnections: 'idle', requestTimeout: 60_000 });
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with(shell.requests, notReady), adapter, {
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
  fastify.addHook('onRequest', (request: { headers: Record<string, unknown> }, _reply: unknown, done: () => void) => {
    const given = (name: string) =>
      typeof request.headers[name] === 'string' ? (request.headers[name] as string) : undefined;
    runInRequest(continueRequest({ requestId: given('x-request-id'), traceparent: given('traceparent') }), done);
  });
  app.useGlobalFilters(new ProblemFilter(shell.onFault));
  return app;
}
