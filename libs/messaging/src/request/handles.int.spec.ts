import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  decide,
  findMissingRoles,
  getUserRole,
  listUserRoles,
  type DecodedRequestOf,
  type RequestContract,
} from '@sluice/contracts';
import { TestNats } from '@sluice/testing';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { Controller, Module, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, Payload, type MicroserviceOptions, type NatsContext } from '@nestjs/microservices';
import { BusServer, PassErrorsOn } from './bus-server.js';
import { Handles } from './handles.js';

const seen: unknown[] = [];

@Controller()
class Roles {
  @Handles(findMissingRoles)
  marked(@Payload() request: DecodedRequestOf<typeof findMissingRoles>): unknown {
    seen.push(request);
    return { missing: [] };
  }

  /** Nest would hand it the request as it came. */
  @Handles(getUserRole)
  unmarked(request: DecodedRequestOf<typeof getUserRole>): unknown {
    seen.push(request);
    return {};
  }

  /** Nest would call it whatever came. */
  @Handles(decide)
  withoutParameter(): unknown {
    seen.push('called');
    return {};
  }

  @Handles(listUserRoles)
  afterContext(@Ctx() context: NatsContext, request: DecodedRequestOf<typeof listUserRoles>): unknown {
    seen.push([context.getSubject(), request]);
    return { items: [] };
  }
}

@Module({ controllers: [Roles] })
class RolesModule {}

describe('a handler of a request', () => {
  let nats: TestNats;
  let connection: NatsConnection;
  let asking: NatsConnection;
  let app: INestMicroservice;

  beforeAll(async () => {
    nats = await TestNats.start();
    connection = await connect({ servers: nats.url });
    asking = await connect({ servers: nats.url, inboxPrefix: '_INBOX_admin-api' });
    const server = new BusServer({
      service: 'authorization',
      connection,
      maximumInFlight: 10,
      onFault: (error) => {
        throw error;
      },
    });
    app = await NestFactory.createMicroservice<MicroserviceOptions>(RolesModule, { strategy: server, logger: false });
    app.useGlobalFilters(new PassErrorsOn());
    await app.listen();
    await connection.flush();
  }, 60_000);
  afterAll(async () => {
    await app?.close();
    await Promise.all([connection?.close(), asking?.close()]);
    await nats?.stop();
  });

  async function ask({ subject }: RequestContract, request: unknown) {
    seen.length = 0;
    const reply = (await asking.request(subject, JSON.stringify(request))).json<{ error?: { code: string } }>();
    return reply.error?.code ?? 'ok';
  }

  it.each([
    ['that is marked with @Payload()', findMissingRoles, { roles: 'a' }],
    ['whose parameter is not marked', getUserRole, { name: '' }],
    ['that has no parameter', decide, {}],
    ['whose parameter stands behind another that is marked', listUserRoles, { limit: 0 }],
  ])('%s is not called with what its contract refuses', async (_what, contract: RequestContract, request) => {
    expect([await ask(contract, request), seen]).toEqual(['invalid-argument', []]);
  });

  it('gets what was left out, though its parameter is not marked', async () => {
    expect(await ask(getUserRole, { name: 'a', more: 1 })).toBe('ok');
    expect(seen).toEqual([{ name: 'a' }]);
    expect(await ask(listUserRoles, {})).toBe('ok');
    expect(seen).toEqual([[listUserRoles.subject, { limit: 100 }]]);
  });

  it('may not take a part of the request, which no contract is of', () => {
    const declare = () => {
      class Part {
        @Handles(getUserRole)
        name(@Payload('name') _name: string): unknown {
          return {};
        }
      }
      return Part;
    };
    expect(declare).toThrow(/^name takes a part of sluice\.authorization\.get-user-role\.v1: /);
  });
});
