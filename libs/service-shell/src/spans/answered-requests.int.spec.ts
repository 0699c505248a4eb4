import { findMissingRoles, inboxPrefix } from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import { BusServer, continueRequest, Handles, PassErrorsOn, RequestClient, runInRequest } from '@sluice/messaging';
import { TestNats } from '@sluice/testing';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { Controller, Module, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Payload, type MicroserviceOptions } from '@nestjs/microservices';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Metrics } from '../metrics/metrics.js';
import type { ExportSpans } from './export-spans.js';
import { exportSpans, recordAnswer } from './wire-spans.js';

@Controller()
class Roles {
  @Handles(findMissingRoles)
  handle(@Payload() { roles }: { roles: string[] }): { missing: string[] } {
    if (roles.includes('refused')) throw new SluiceError('overloaded', 'There is too much to do.');
    return { missing: [] };
  }
}

@Module({ controllers: [Roles] })
class RolesModule {}

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';

describe('spans of requests over NATS', () => {
  let nats: TestNats;
  let connection: NatsConnection;
  let collector: Server;
  let app: INestMicroservice;
  let requests: RequestClient;
  let spans: ExportSpans;
  const metrics = new Metrics();
  const bodies: string[] = [];

  beforeAll(async () => {
    nats = await TestNats.start();
    connection = await connect({ servers: nats.url, inboxPrefix: inboxPrefix('flow-runtime') });
    requests = new RequestClient(connection);
    collector = createServer((request, response) => {
      let text = '';
      request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      request.on('end', () => {
        bodies.push(text);
        response.end('{}');
      });
    });
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
    const source = { service: 'authorization', processName: 'authorization-1' };
    const onFault = (error: unknown) => {
      throw error;
    };
    spans = exportSpans(endpoint, source, metrics, onFault) as ExportSpans;
    const strategy = new BusServer({
      service: 'authorization',
      connection,
      maximumInFlight: 10,
      onFault,
      onAnswered: (subject, outcome, ms, context) => recordAnswer(spans, subject, outcome, ms, context),
    });
    app = await NestFactory.createMicroservice<MicroserviceOptions>(RolesModule, { strategy, logger: false });
    app.useGlobalFilters(new PassErrorsOn());
    await app.listen();
  }, 60_000);

  afterAll(async () => {
    await app?.close();
    await connection?.close();
    collector?.closeAllConnections();
    collector?.close();
    await nats?.stop();
  });

  beforeEach(() => void (bodies.length = 0));

  const ask = (role: string, flags: string) => {
    const context = continueRequest({ traceparent: `00-${traceId}-00f067aa0ba902b7-${flags}` });
    return { context, answer: runInRequest(context, () => requests.call(findMissingRoles, { roles: [role] })) };
  };
  const exported = async () => {
    await spans.stop();
    return bodies.flatMap(
      (body) =>
        (JSON.parse(body) as { resourceSpans: [{ scopeSpans: [{ spans: object[] }] }] }).resourceSpans[0].scopeSpans[0]
          .spans,
    );
  };

  it("are children of the asking service's span", async () => {
    const { context, answer } = ask('any', '01');
    await answer;
    expect(await exported()).toMatchObject([
      { traceId, parentSpanId: context.traceparent.slice(36, 52), name: findMissingRoles.subject, status: {} },
    ]);
    expect(await metrics.render()).toContain('sluice_spans_exported_total 1');
  });

  it('tell the code of the error', async () => {
    await expect(ask('refused', '01').answer).rejects.toMatchObject({ code: 'overloaded' });
    expect(await exported()).toMatchObject([
      {
        status: { code: 2 },
        attributes: expect.arrayContaining([{ key: 'error.type', value: { stringValue: 'overloaded' } }]),
      },
    ]);
  });

  it('are not exported when the trace is not sampled', async () => {
    await ask('any', '00').answer;
    expect(await exported()).toEqual([]);
  });

  it('are nowhere when no collector is configured', () => {
    expect(
      exportSpans(undefined, { service: 'x', processName: 'x-1' }, new Metrics(), () => undefined),
    ).toBeUndefined();
  });
});
