import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { findMissingRoles } from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import { TestNats, until } from '@sluice/testing';
import { Logger } from '@nestjs/common';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { BusServer, type BusServerOptions } from './bus-server.js';
import { RequestClient } from './request-client.js';
import { currentRequest } from './request-context.js';

describe('the answers of a service', () => {
  let nats: TestNats;
  const connections: NatsConnection[] = [];
  const servers: BusServer[] = [];
  const faults: unknown[] = [];

  beforeAll(async () => {
    // Nest tells of each connection that is closed.
    Logger.overrideLogger(false);
    nats = await TestNats.start();
  }, 60_000);
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
    await Promise.all(connections.splice(0).map((connection) => connection.close()));
    faults.length = 0;
  });
  afterAll(() => nats?.stop());

  async function as(service: string): Promise<NatsConnection> {
    const connection = await connect({ servers: nats.url, inboxPrefix: `_INBOX_${service}` });
    connections.push(connection);
    return connection;
  }

  /** A service that answers one request with what this gives. */
  async function answering(
    handler: (request: unknown) => unknown,
    more: Partial<BusServerOptions> = {},
  ): Promise<BusServer> {
    const connection = more.connection ?? (await as('authorization'));
    const server = new BusServer({
      service: 'authorization',
      connection,
      maximumInFlight: 10,
      onFault: (error) => void faults.push(error),
      ...more,
    });
    servers.push(server);
    server.addHandler(findMissingRoles.subject, (request) => Promise.resolve(handler(request) as never));
    await new Promise<void>((resolve, reject) => {
      server.listen((error: unknown) => (error ? reject(error as Error) : resolve())).catch(reject);
    });
    await connection.flush();
    return server;
  }
  const ask = async (data: string): Promise<unknown> =>
    (await (await as('key-management')).request(findMissingRoles.subject, data, { timeout: 5_000 })).json();

  it('give their place back when who is told of them fails, and the fault is told', async () => {
    const fault = new Error('a counter that fails');
    const server = await answering(() => ({ missing: [] }), {
      maximumInFlight: 1,
      onAnswered: () => {
        throw fault;
      },
    });
    const requests = new RequestClient(await as('key-management'));
    for (let times = 1; times <= 3; times++) {
      await expect(requests.call(findMissingRoles, { roles: ['a'] })).resolves.toEqual({ missing: [] });
      expect(faults).toEqual(Array(times).fill(fault));
    }
    expect(server.inFlight).toBe(0);
  });

  it('are an error of the contract to what is no JSON, and the handler hears nothing of it', async () => {
    const heard: unknown[] = [];
    await answering((request) => heard.push(request));
    expect(await ask('{"roles":')).toEqual({
      error: { code: 'invalid-argument', message: 'The request is not JSON.' },
    });
    expect([heard, faults]).toEqual([[], []]);
    await ask('');
    expect(heard).toEqual([{}]);
  });

  it('are empty results where the handler gives nothing', async () => {
    await answering(() => undefined);
    expect(await ask('{}')).toEqual({ result: {} });
  });

  it('keep the text of a fault of ours to ourselves, and tell whoever watches', async () => {
    const fault = new Error('the password is 1234');
    const outcomes: string[] = [];
    await answering(
      () => {
        throw fault;
      },
      { onAnswered: (_subject, outcome) => void outcomes.push(outcome) },
    );
    expect(JSON.stringify(await ask('{}'))).not.toContain('1234');
    expect(await ask('{}')).toMatchObject({ error: { code: 'internal' } });
    expect(faults).toEqual([fault, fault]);
    expect(outcomes).toEqual(['internal', 'internal']);
  });

  it('are what the service says an error is, which then is no fault', async () => {
    await answering(
      () => {
        throw new RangeError('too far');
      },
      {
        explain: (error) =>
          error instanceof RangeError ? new SluiceError('unavailable', 'The database is away.') : undefined,
      },
    );
    expect(await ask('{}')).toEqual({ error: { code: 'unavailable', message: 'The database is away.' } });
    expect(faults).toEqual([]);
  });

  it('are a refusal, at once, to one request more than may be under way', async () => {
    const waiting: (() => void)[] = [];
    const server = await answering(() => new Promise<void>((resolve) => waiting.push(resolve)), { maximumInFlight: 2 });
    const pending = [ask('{}'), ask('{}')];
    await until(() => waiting.length === 2, { what: 'two requests under way' });
    expect(await ask('{}')).toMatchObject({ error: { code: 'overloaded' } });
    expect(server.inFlight).toBe(2);
    waiting.forEach((release) => release());
    expect(await Promise.all(pending)).toEqual([{ result: {} }, { result: {} }]);
  });

  it('that cannot be written are told as a fault within their request, and keep no place', async () => {
    const within: (string | undefined)[] = [];
    const server = await answering(() => ({ missing: 1n }), {
      onFault: (error) => {
        faults.push(error);
        within.push(currentRequest()?.requestId);
      },
    });
    const header = headers();
    header.set('Sluice-Request-Id', 'r-1');
    const asking = await as('key-management');
    await expect(asking.request(findMissingRoles.subject, '{}', { timeout: 200, headers: header })).rejects.toThrow();
    expect(faults).toEqual([expect.any(TypeError)]);
    expect(within).toEqual(['r-1']);
    expect(server.inFlight).toBe(0);
  });

  it('are told step by step to who tests what a crash between them leaves', async () => {
    const steps: string[] = [];
    await answering(() => void steps.push('handled'), { onStep: (step) => steps.push(step) });
    await ask('{}');
    await until(() => steps.length === 3, { what: 'the last step' });
    expect(steps).toEqual(['request-received', 'handled', 'reply-sent']);
  });

  it('are finished before the service ends, which takes no other request meanwhile', async () => {
    let release: (() => void) | undefined;
    const server = await answering(() => new Promise<void>((resolve) => (release = resolve)));
    const pending = ask('{}');
    await until(() => release, { what: 'a request under way' });
    let closed = false;
    const closing = server.close().then(() => (closed = true));
    await until(
      () =>
        ask('{}').then(
          () => false,
          (error: Error) => /no responders/i.test(error.message),
        ),
      {
        what: 'nobody to listen',
      },
    );
    expect(closed).toBe(false);
    release?.();
    expect(await pending).toEqual({ result: {} });
    await closing;
  });
});
