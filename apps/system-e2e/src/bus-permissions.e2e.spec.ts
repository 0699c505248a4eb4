import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { TestAuthority, until } from '@sluice/testing';
import { createHash } from 'node:crypto';
import { Administrator } from './administrator/administrator.js';
import { attemptPublish, attemptRequest, attemptSubscribe } from './bus/attempt.js';
import { connectAsService, connectAsSubscriber } from './bus/connect-to-bus.js';
import { eventStream } from './bus/event-subscription.js';
import { LocalStack } from './stack/local-stack.js';

interface StreamInfo {
  readonly created: string;
  readonly config: Readonly<Record<string, unknown>> & {
    readonly subjects: readonly string[];
    readonly metadata?: Readonly<Record<string, string>>;
  };
  readonly state: {
    readonly messages: number;
    readonly first_seq: number;
    readonly last_seq: number;
    readonly subjects?: Readonly<Record<string, number>>;
  };
  readonly error?: { readonly description: string };
}

/** The JetStream API's answer to this user, or how the server refused it. */
async function ask<T>(connection: NatsConnection, subject: string, payload: unknown = ''): Promise<T | string> {
  const outcome = await attemptRequest(connection, subject, payload);
  return typeof outcome === 'object' ? (JSON.parse(outcome.answer) as T) : outcome;
}

async function streamInfo(connection: NatsConnection, stream: string): Promise<StreamInfo> {
  const info = await ask<StreamInfo>(connection, `$JS.API.STREAM.INFO.${stream}`, { subjects_filter: '>' });
  if (typeof info === 'string' || info.error)
    throw new Error(`No answer about the stream ${stream}: ${JSON.stringify(info)}`);
  // The services tell the head of the audit trails when it is time, not when a test does something.
  const heads = info.state.subjects?.['sluice.events.audit.head'] ?? 0;
  return { ...info, state: { ...info.state, messages: info.state.messages - heads } };
}

describe('who may do what on the bus', () => {
  let stack: LocalStack;
  let administrator: Administrator;

  beforeAll(async () => {
    stack = await LocalStack.start();
    administrator = new Administrator(stack.facts.adminUrl, stack.facts.adminToken);
  });

  afterAll(() => stack?.stop());

  describe('attack 31: a stranger on the bus, with the subscriber’s password', () => {
    let stranger: NatsConnection;
    let before: StreamInfo;

    beforeAll(async () => {
      stranger = await connectAsSubscriber(stack);
      await administrator.createRole();
      before = await until(
        async () => {
          const info = await streamInfo(stranger, eventStream);
          return info.state.messages > 0 ? info : undefined;
        },
        { what: 'an event' },
      );
    });

    afterAll(() => stranger?.close());

    /** Nothing is lost, nothing is added, and it is the same stream. */
    async function expectUntouched(): Promise<void> {
      const now = await streamInfo(stranger, eventStream);
      expect([now.created, now.state.first_seq, now.state.messages]).toEqual([
        before.created,
        before.state.first_seq,
        before.state.messages,
      ]);
      expect(now.config).toEqual(before.config);
    }

    it.each([
      'service-key.revoked',
      'service-key.created',
      'user-role.created',
      'flow.deployed',
      'trusted-root.added',
      'anything.else',
      'x',
    ])('cannot publish the event %s', async (name) => {
      expect(await attemptPublish(stranger, `sluice.events.${name}`, '{"specversion":"1.0"}')).toBe('refused');
      await expectUntouched();
    });

    it.each([
      'DELETE',
      'PURGE',
      'UPDATE',
      'CREATE',
      'SNAPSHOT',
      'RESTORE',
      'MSG.DELETE',
      'LEADER.STEPDOWN',
      'PEER.REMOVE',
    ])('cannot ask for STREAM.%s of the event stream', async (call) => {
      expect(
        await attemptRequest(
          stranger,
          `$JS.API.STREAM.${call}.${eventStream}`,
          call === 'UPDATE' ? { ...before.config, max_msgs: 1 } : '',
        ),
      ).toBe('refused');
      await expectUntouched();
    });

    it('cannot make a stream of its own', async () => {
      for (const [name, subjects] of [
        ['MINE', ['mine.>']],
        ['SPY', ['_INBOX.>']],
      ] as const) {
        expect(await attemptRequest(stranger, `$JS.API.STREAM.CREATE.${name}`, { name, subjects })).toBe('refused');
      }
    });

    it.each([
      '$JS.API.STREAM.INFO.KV_SLUICE_STATE',
      '$JS.API.STREAM.MSG.GET.KV_SLUICE_STATE',
      '$JS.API.DIRECT.GET.KV_SLUICE_STATE.$KV.SLUICE_STATE.meta.complete.authorization',
      '$JS.API.CONSUMER.CREATE.KV_SLUICE_STATE.spy',
      '$JS.API.STREAM.MSG.GET.SLUICE_DECISIONS',
      '$JS.API.STREAM.MSG.GET.SLUICE_MPL',
      'sluice.events-api.STREAM.UPDATE.SLUICE_EVENTS',
      '$SYS.REQ.SERVER.PING',
    ])('cannot read or ask at %s', async (subject) => {
      expect(await attemptRequest(stranger, subject)).toBe('refused');
    });

    it.each([
      'sluice.key-management.create-service-key.v1',
      'sluice.key-management.list-service-instances.v1',
      'sluice.authorization.create-admin-token.v1',
      'sluice.authorization.decide.v1',
      'sluice.certificate-verifier.verify-certificate.v1',
      'sluice.flow-runtime.get-decision.v1',
      '$KV.SLUICE_STATE.role.Mine',
      'sluice.state.$KV.SLUICE_STATE.role.Mine',
      'sluice.decisions.x',
      'sluice.mpl',
      '_INBOX_admin-api.x',
      '_INBOX_flow-runtime.x',
    ])('cannot publish to %s', async (subject) => {
      expect(await attemptRequest(stranger, subject, {})).toBe('refused');
    });

    it.each([
      'sluice.events.service-key.revoked',
      'sluice.events.forged',
      `$JS.API.STREAM.PURGE.${eventStream}`,
      '$SYS.REQ.SERVER.PING',
    ])('attack 39: cannot have an answer of JetStream’s sent to %s', async (reply) => {
      for (const subject of ['INFO', 'STREAM.NAMES', `STREAM.INFO.${eventStream}`])
        stranger.publish(`$JS.API.${subject}`, '', { reply });
      await expectUntouched();
    });

    it.each([
      '>',
      '*',
      '$KV.>',
      'sluice.>',
      'sluice.events.>',
      'sluice.state.>',
      'sluice.certificate-verifier.verify-certificate.v1',
      '_INBOX_admin-api.>',
      '_INBOX_key-management.>',
      '$JS.>',
      '$JS.API.STREAM.DELETE.SLUICE_EVENTS',
      '$SYS.>',
    ])('cannot listen at %s', async (subject) => {
      expect(await attemptSubscribe(stranger, subject)).toBe('refused');
    });

    it('hears nothing of the services where it may listen', async () => {
      const heard: string[] = [];
      stranger.subscribe('_INBOX.>', { callback: (_error, message) => void heard.push(message.subject) });
      await stranger.flush();
      await administrator.createCertificateKey(await administrator.createInstance());
      await stranger.flush();
      expect(heard).toEqual([]);
      before = await streamInfo(stranger, eventStream);
    });

    describe('who makes consumers that push', () => {
      const pushed = [
        'sluice.events.service-key.revoked',
        'sluice.events.forged',
        `$JS.API.STREAM.PURGE.${eventStream}`,
        `$JS.API.STREAM.DELETE.${eventStream}`,
        `$JS.API.STREAM.MSG.DELETE.${eventStream}`,
        `$JS.API.STREAM.UPDATE.${eventStream}`,
        'sluice.authorization.create-admin-token.v1',
      ];

      it.each(
        pushed.flatMap(
          (subject) =>
            [
              [subject, true],
              [subject, false],
            ] as const,
        ),
      )('to %s (headers only: %p) harms nothing', async (deliverSubject, headersOnly) => {
        const name = `push-${createHash('sha256').update(`${deliverSubject} ${headersOnly}`).digest('hex').slice(0, 8)}`;
        const config = {
          name,
          deliver_subject: deliverSubject,
          headers_only: headersOnly,
          ack_policy: 'none',
          deliver_policy: 'all',
          replay_policy: 'instant',
          inactive_threshold: 60_000_000_000,
        };
        const made = await ask<{ error?: { description: string }; push_bound?: boolean }>(
          stranger,
          `$JS.API.CONSUMER.CREATE.${eventStream}.${name}`,
          { stream_name: eventStream, action: '', config },
        );
        if (typeof made === 'string' || made.error) {
          // The server refuses what would feed the stream from itself.
          expect(typeof made === 'string' ? made : made.error?.description).toMatch(/refused|cycle/);
        } else {
          // It is made, and stays unbound: the API's own subscription is not one of this account.
          await administrator.createRole();
          const info = await until(
            async () => {
              const found = await ask<{
                num_pending: number;
                push_bound?: boolean;
                delivered: { consumer_seq: number };
              }>(stranger, `$JS.API.CONSUMER.INFO.${eventStream}.${name}`);
              return typeof found === 'object' && found.num_pending > before.state.messages ? found : undefined;
            },
            { what: 'the consumer’s backlog' },
          );
          expect([info.push_bound ?? false, info.delivered.consumer_seq]).toEqual([false, 0]);
          await ask(stranger, `$JS.API.CONSUMER.DELETE.${eventStream}.${name}`);
          const now = await streamInfo(stranger, eventStream);
          expect([now.created, now.state.first_seq, now.state.messages]).toEqual([
            before.created,
            before.state.first_seq,
            before.state.messages + 1,
          ]);
          before = now;
        }
        await expectUntouched();
      });
    });

    it('cannot get in with a wrong password, without one, or as a service without its key', async () => {
      const { natsUrl } = stack.facts;
      const tls = { ca: stack.serverRoot };
      for (const credentials of [{}, { user: 'subscriber', pass: 'wrong' }, { user: 'key-management', pass: '' }]) {
        await expect(
          connect({ servers: natsUrl, tls, reconnect: false, timeout: 5_000, ...credentials }),
        ).rejects.toThrow(/authorization/i);
      }
    });
  });

  describe('attack 32: a service that asks for more than its job', () => {
    const connections = new Map<string, NatsConnection>();

    beforeAll(async () => {
      for (const service of ['flow-runtime', 'message-log', 'certificate-verifier', 'authorization', 'admin-api'])
        connections.set(service, await connectAsService(stack, service));
    });

    afterAll(async () => void (await Promise.all([...connections.values()].map((connection) => connection.close()))));

    const as = (service: string) => connections.get(service) as NatsConnection;
    const requests = [
      'create-service-key',
      'rotate-service-key',
      'revoke-service-key',
      'delete-service-key',
      'get-service-key',
      'create-service-instance',
      'update-service-instance',
      'add-trusted-root',
      'remove-trusted-root',
    ];
    const others = ['KV_SLUICE_STATE', 'SLUICE_EVENTS', 'SLUICE_DECISIONS', 'SLUICE_MPL'];

    it.each(['flow-runtime', 'message-log', 'certificate-verifier', 'authorization'])(
      '%s cannot ask key-management for what administrators ask',
      async (service) => {
        for (const request of requests) {
          expect([request, await attemptRequest(as(service), `sluice.key-management.${request}.v1`, {})]).toEqual([
            request,
            'refused',
          ]);
        }
      },
    );

    it.each(['flow-runtime', 'message-log', 'certificate-verifier'])(
      '%s cannot ask authorization for a token or a role',
      async (service) => {
        for (const request of [
          'create-admin-token',
          'create-user-role',
          'delete-user-role',
          'authenticate-administrator',
        ]) {
          expect([request, await attemptRequest(as(service), `sluice.authorization.${request}.v1`, {})]).toEqual([
            request,
            'refused',
          ]);
        }
      },
    );

    it.each([
      ['flow-runtime', ['credential', 'instance', 'root', 'ca', 'role']],
      ['message-log', ['credential', 'instance', 'root', 'ca', 'role', 'flow', 'receiver-credential', 'guard']],
      ['certificate-verifier', ['credential', 'instance', 'root', 'ca', 'role', 'flow']],
      ['authorization', ['credential', 'instance', 'root', 'ca', 'flow']],
      ['admin-api', ['credential', 'instance', 'root', 'ca', 'role', 'flow']],
    ])('%s cannot write state of others: %j', async (service, prefixes) => {
      for (const prefix of prefixes) {
        expect([prefix, await attemptRequest(as(service), `$KV.SLUICE_STATE.${prefix}.x`, {})]).toEqual([
          prefix,
          'refused',
        ]);
        expect([prefix, await attemptPublish(as(service), `sluice.state.$KV.SLUICE_STATE.${prefix}.x`, '{}')]).toEqual([
          prefix,
          'refused',
        ]);
      }
      expect(await attemptRequest(as(service), '$KV.SLUICE_STATE.meta.complete.key-management', {})).toBe('refused');
    });

    it.each(['flow-runtime', 'message-log', 'certificate-verifier', 'authorization', 'admin-api'])(
      '%s cannot publish events of key-management',
      async (service) => {
        for (const name of [
          'service-key.revoked',
          'service-instance.deleted',
          'trusted-root.added',
          'issuing-ca.activated',
        ]) {
          expect([name, await attemptPublish(as(service), `sluice.events.${name}`, '{}')]).toEqual([name, 'refused']);
        }
      },
    );

    it.each(['flow-runtime', 'message-log', 'certificate-verifier', 'authorization', 'admin-api'])(
      '%s cannot listen where replies and requests of others pass',
      async (service) => {
        const subjects = ['>', '_INBOX.>', '_INBOX_key-management.>', 'sluice.key-management.>', '$KV.>', '$JS.>'];
        for (const other of [
          'flow-runtime',
          'message-log',
          'certificate-verifier',
          'authorization',
          'admin-api',
        ].filter((name) => name !== service))
          subjects.push(`_INBOX_${other}.>`, `sluice.${other}.>`);
        for (const subject of subjects)
          expect([subject, await attemptSubscribe(as(service), subject)]).toEqual([subject, 'refused']);
      },
    );

    it.each(['flow-runtime', 'message-log', 'certificate-verifier', 'authorization', 'admin-api'])(
      '%s cannot delete or empty a stream, or make a consumer that could push',
      async (service) => {
        for (const stream of others) {
          for (const call of ['DELETE', 'PURGE', 'MSG.DELETE', 'RESTORE', 'SNAPSHOT']) {
            expect([stream, call, await attemptRequest(as(service), `$JS.API.STREAM.${call}.${stream}`)]).toEqual([
              stream,
              call,
              'refused',
            ]);
          }
          expect([stream, await attemptRequest(as(service), `$JS.API.CONSUMER.CREATE.${stream}.mine`, {})]).toEqual([
            stream,
            'refused',
          ]);
        }
      },
    );

    it.each(['flow-runtime', 'message-log', 'certificate-verifier', 'authorization', 'admin-api'])(
      '%s cannot make a stream, nor change one: it could collect or republish what it may not read or write',
      async (service) => {
        for (const stream of [...others, 'MINE']) {
          for (const call of ['CREATE', 'UPDATE']) {
            for (const api of ['$JS.API', 'sluice.events-api']) {
              const subject = `${api}.STREAM.${call}.${stream}`;
              expect([subject, await attemptRequest(as(service), subject, '')]).toEqual([subject, 'refused']);
            }
          }
        }
      },
    );

    it('flow-runtime cannot have the replies to administrators collected in a stream of its own', async () => {
      const flowRuntime = as('flow-runtime');
      const { config } = await streamInfo(flowRuntime, 'SLUICE_DECISIONS');
      try {
        await attemptRequest(flowRuntime, '$JS.API.STREAM.UPDATE.SLUICE_DECISIONS', {
          ...config,
          subjects: [...config.subjects, '_INBOX_admin-api.>'],
        });
        await administrator.createCertificateKey(await administrator.createInstance());
        const { state } = await streamInfo(flowRuntime, 'SLUICE_DECISIONS');
        for (let seq = state.first_seq; state.messages > 0 && seq <= state.last_seq; seq++) {
          const found = await ask<{ message?: { subject: string; data?: string } }>(
            flowRuntime,
            '$JS.API.STREAM.MSG.GET.SLUICE_DECISIONS',
            { seq },
          );
          if (typeof found === 'object')
            expect(
              Buffer.from(found.message?.data ?? '', 'base64')
                .toString()
                .includes('PRIVATE KEY'),
            ).toBe(false);
        }
      } finally {
        await attemptRequest(flowRuntime, '$JS.API.STREAM.UPDATE.SLUICE_DECISIONS', config);
      }
    });

    it('flow-runtime cannot have what it publishes sent on as an administrator’s request', async () => {
      const flowRuntime = as('flow-runtime');
      const { config } = await streamInfo(flowRuntime, 'SLUICE_DECISIONS');
      const token = 'slu_of-an-intruder';
      const republish = { src: 'sluice.decisions.intruder', dest: 'sluice.authorization.create-admin-token.v1' };
      try {
        await attemptRequest(flowRuntime, '$JS.API.STREAM.UPDATE.SLUICE_DECISIONS', { ...config, republish });
        const request = {
          actor: { name: 'intruder' },
          name: 'intruder',
          tokenSha256: createHash('sha256').update(token).digest('hex'),
        };
        await attemptPublish(flowRuntime, 'sluice.decisions.intruder', JSON.stringify(request));
        // A change made after it, through the same service: what was sent on before it has arrived.
        await administrator.createRole();
        const answer = await new Administrator(stack.facts.adminUrl, token).client.request('GET', '/v1/user-roles');
        expect(answer.status).toBe(401);
      } finally {
        await attemptRequest(flowRuntime, '$JS.API.STREAM.UPDATE.SLUICE_DECISIONS', config);
      }
    });

    it('what is its job is not refused', async () => {
      const { created, config, state } = await streamInfo(as('flow-runtime'), 'KV_SLUICE_STATE');
      const certificate = await (await TestAuthority.root({ subject: 'CN=Strange' })).leaf({ subject: 'CN=a' });
      const request = {
        leaf: Buffer.from(certificate.der).toString('base64'),
        chain: [],
        lookUp: 'service-key',
        minimum: { epoch: config.metadata?.['sluice-epoch'] ?? '', sequence: state.last_seq },
      };
      const verdict = await ask<{ result: { outcome: string; sha256: string } }>(
        as('flow-runtime'),
        'sluice.certificate-verifier.verify-certificate.v1',
        request,
      );
      expect(verdict).toMatchObject({ result: { outcome: 'refused', sha256: certificate.sha256 } });
      for (const service of ['certificate-verifier', 'authorization'])
        expect((await streamInfo(as(service), 'KV_SLUICE_STATE')).created).toBe(created);
      expect(await ask(as('admin-api'), 'sluice.key-management.list-service-instances.v1', {})).toHaveProperty(
        'result.items',
      );
    });
  });
});
