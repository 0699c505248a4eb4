import { findMissingRoles, inboxPrefix } from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import {
  BusServer,
  continueRequest,
  Handles,
  PassErrorsOn,
  RequestClient,
  runInRequest,
  sampleTracesBy,
} from '@sluice/messaging';
import { TestNats } from '@sluice/testing';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { Controller, Module, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Payload, type MicroserviceOptions } from '@nestjs/microservices';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Metrics } from '../metrics/metrics.js';
import { setOtelEnvironment, TraceCollector } from '../testing/trace-collector.js';
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
  let collector: TraceCollector;
  let resetEnvironment: () => void;
  let app: INestMicroservice;
  let requests: RequestClient;
  let spans: ExportSpans;
  const metrics = new Metrics();

  beforeAll(async () => {
    nats = await TestNats.start();
    connection = await connect({ servers: nats.url, inboxPrefix: inboxPrefix('flow-runtime') });
    requests = new RequestClient(connection);
    collector = await TraceCollector.start();
    const { environment, reset } = setOtelEnvironment({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    });
    resetEnvironment = reset;
    const source = { service: 'authorization', processName: 'authorization-1' };
    const onFault = (error: unknown) => {
      throw error;
    };
    spans = (await exportSpans(environment, source, metrics, onFault)) as ExportSpans;
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
    await spans?.stop();
    await collector?.[Symbol.asyncDispose]();
    resetEnvironment?.();
    sampleTracesBy(undefined);
    await nats?.stop();
  });

  beforeEach(() => void (collector.collected.length = 0));

  const ask = (role: string, flags: string) => {
    const context = continueRequest({ traceparent: `00-${traceId}-00f067aa0ba902b7-${flags}` });
    return { context, answer: runInRequest(context, () => requests.call(findMissingRoles, { roles: [role] })) };
  };
  const exported = async () => {
    await spans.flush();
    return collector.spans;
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
});
