import { continueRequest, runInRequest } from '@sluice/messaging';
import { nestLogger, type Shell } from '@sluice/service-shell';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from '../app.module.js';
import { flowMediaTypes } from '../flows/flows.controller.js';
import { ProblemFilter } from './problem-filter.js';

/** A flow crosses the bus in base64 in one message, whose limit is 4 MB. */
const bodyLimit = 2_900_000;

export async function createHttpApp(shell: Shell, notReady: () => readonly string[]): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({ bodyLimit, forceCloseConnections: 'idle', requestTimeout: 60_000 });
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with(shell.requests, notReady), adapter, {
    logger: nestLogger(shell.log),
    abortOnError: false,
  });
  const fastify = app.getHttpAdapter().getInstance();
  const raw = [...new Set(Object.keys(flowMediaTypes))].filter((type) => type !== 'application/json');
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
