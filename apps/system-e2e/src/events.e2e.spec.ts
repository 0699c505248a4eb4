import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NatsConnection } from '@nats-io/transport-node';
import { TemporaryFolder, TestAuthority, until } from '@sluice/testing';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Administrator, type ServiceKey } from './administrator/administrator.js';
import { ServerSentEvents } from './administrator/server-sent-events.js';
import { connectAsSubscriber } from './bus/connect-to-bus.js';
import { EventDescription } from './bus/event-description.js';
import { EventSubscription, type ReceivedEvent } from './bus/event-subscription.js';
import { ExampleProgram } from './stack/example-program.js';
import { LocalStack } from './stack/local-stack.js';

describe('events on the bus', () => {
  let stack: LocalStack;
  let administrator: Administrator;

  beforeAll(async () => {
    stack = await LocalStack.start();
    administrator = new Administrator(stack.facts.adminUrl, stack.facts.adminToken);
  });

  afterAll(() => stack?.stop());

  describe('events for a subscriber', () => {
    let connection: NatsConnection;
    let events: EventSubscription;

    beforeAll(async () => {
      connection = await connectAsSubscriber(stack);
      events = await EventSubscription.open(connection, 'platform');
    });

    afterAll(() => connection?.close());

    function expectCloudEvent(
      { subject, contentType, messageId, traceparent, event }: ReceivedEvent,
      name: string,
    ): void {
      expect(subject).toBe(`sluice.events.${name}`);
      expect(contentType).toMatch(/^application\/cloudevents\+json(; *charset=utf-8)?$/i);
      expect(messageId).toBe(`${event.source}${event.id}`);
      expect(event).toMatchObject({
        specversion: '1.0',
        type: `dev.sluice.${name}.v1`,
        datacontenttype: 'application/json',
      });
      expect(event.source).toMatch(/^\/sluice\/[a-z-]+$/);
      expect(event.id).not.toBe('');
      expect(new Date(event.time).toISOString()).toBe(event.time);
      expect(Math.abs(Date.parse(event.time) - Date.now())).toBeLessThan(120_000);
      expect(event.data['actor']).toBe('initial');
      expect(event.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/);
      expect(traceparent).toBe(event.traceparent);
      // Context attributes of CloudEvents 1.0.2 are lower case letters and digits.
      expect(Object.keys(event).filter((attribute) => !/^[a-z0-9]+$/.test(attribute))).toEqual([]);
    }

    it('tell the life of a service key, of its instance and role, in order, each once', async () => {
      const role = await administrator.createRole();
      const instance = await administrator.createInstance([role]);
      const revoked = await administrator.createCertificateKey(instance);
      const rotated = await administrator.client.expect<ServiceKey>(
        200,
        'POST',
        `/v1/service-keys/${revoked.id}/rotate`,
        { overlapSeconds: 60 },
      );
      await administrator.client.expect(200, 'POST', `/v1/service-keys/${revoked.id}/revoke`, {
        reason: 'keyCompromise',
      });
      await administrator.deleteKey(revoked);
      await administrator.setRoles(instance, ['ESBMessaging.send']);
      await administrator.client.expect(204, 'DELETE', `/v1/service-instances/${instance.id}`);
      await administrator.client.expect(204, 'DELETE', `/v1/user-roles/${role}`);

      await events.next('user-role.deleted', role);
      await events.next('service-instance.deleted', instance.id);
      const names = (subject: string) =>
        events.of(subject).map(({ event }) => event.type.replace(/^dev\.sluice\.|\.v1$/g, ''));
      expect(names(revoked.id)).toEqual([
        'service-key.created',
        'service-key.rotated',
        'service-key.revoked',
        'service-key.deleted',
      ]);
      expect(names(instance.id)).toEqual([
        'service-instance.created',
        'service-instance.updated',
        'service-instance.deleted',
      ]);
      expect(names(role)).toEqual(['user-role.created', 'user-role.deleted']);
      for (const subject of [revoked.id, instance.id, role]) {
        for (const received of events.of(subject))
          expectCloudEvent(received, received.event.type.replace(/^dev\.sluice\.|\.v1$/g, ''));
      }
      const [created, rotation, revocation] = events.of(revoked.id).map(({ event }) => event.data);
      const serviceKey = {
        id: revoked.id,
        name: revoked.name,
        serviceInstanceId: instance.id,
        'key-type': 'certificate',
      };
      const [first, second] = [revoked.certificates[0]?.sha256, rotated.certificates[0]?.sha256];
      expect(created).toMatchObject({
        serviceKey,
        certificate: { sha256: first, subjectdn: expect.any(String), serialnumber: expect.stringMatching(/^0x/) },
      });
      expect(rotation).toMatchObject({
        serviceKey,
        certificate: { sha256: second },
        predecessor: { sha256: first },
        retiresAt: expect.any(String),
      });
      expect(revocation).toMatchObject({ serviceKey, reason: 'keyCompromise' });
      expect((revocation?.['certificates'] as { sha256: string }[]).map(({ sha256 }) => sha256).sort()).toEqual(
        [first, second].sort(),
      );
    });

    it('tell of trusted roots and flows', async () => {
      const root = await TestAuthority.root({ subject: 'CN=Event Root,O=Partner' });
      const { sha256 } = await administrator.addTrustedRoot(root.pem);
      await administrator.removeTrustedRoot(sha256);
      const flow = await administrator.deployFlow();
      await administrator.client.expect(204, 'DELETE', `/v1/flows/${flow.id}`);

      const added = await events.next('trusted-root.added', sha256);
      expectCloudEvent(added, 'trusted-root.added');
      expect(added.event.data['trustedRoot']).toEqual({ sha256, subject: 'CN=Event Root,O=Partner' });
      expectCloudEvent(await events.next('trusted-root.removed', sha256), 'trusted-root.removed');
      const deployed = await events.next('flow.deployed', flow.id);
      expectCloudEvent(deployed, 'flow.deployed');
      expect(deployed.event.data['flow']).toMatchObject({ id: flow.id, address: `/${flow.id}` });
      expectCloudEvent(await events.next('flow.undeployed', flow.id), 'flow.undeployed');
    });

    it('are as docs/asyncapi.yaml describes them, with no member that it does not name', () => {
      const description = EventDescription.read();
      const faults = events.received.flatMap((received) => description.faultsOf(received));
      expect(faults).toEqual([]);
      expect(new Set(events.received.map(({ subject }) => subject)).size).toBeGreaterThan(12);
    });

    it('come to a durable consumer that was away, and each event has an id of its own', async () => {
      const before = await connectAsSubscriber(stack);
      const away = await EventSubscription.open(before, 'sometimes-away');
      const first = await administrator.createRole();
      await away.next('user-role.created', first);
      await before.flush();
      await before.drain();
      const second = await administrator.createRole();
      const after = await connectAsSubscriber(stack);
      const back = await EventSubscription.open(after, 'sometimes-away');
      await back.next('user-role.created', second);
      expect(back.of(first)).toEqual([]);
      await after.close();
      await events.next('user-role.created', second);
      const ids = events.received.map(({ messageId }) => messageId);
      expect(new Set(ids).size).toBe(ids.length);
    });

    it('let the sender of examples/reload-certificate load its new certificate without one failed call', async () => {
      using folder = new TemporaryFolder('example');
      const [certificateFile, keyFile] = [join(folder.path, 'client.pem'), join(folder.path, 'client.key')];
      const key = await administrator.createCertificateKey(await administrator.createInstance());
      writeFileSync(keyFile, key.credentials.key ?? '');
      writeFileSync(certificateFile, key.credentials.certificate ?? '');
      const flow = await administrator.deployFlow();
      await using sender = new ExampleProgram(
        'reload-certificate/main.mjs',
        [stack.factsFile, key.id, certificateFile, keyFile, flow.endpoints[0]?.url ?? ''],
        { SEND_EVERY_MS: '20' },
      );
      await sender.line(new RegExp(`^sent 1: 200 with ${key.certificates[0]?.sha256}$`));
      const other = await administrator.createCertificateKey(await administrator.createInstance());
      await administrator.client.expect(200, 'POST', `/v1/service-keys/${other.id}/rotate`, {});
      const rotated = await administrator.client.expect<ServiceKey>(200, 'POST', `/v1/service-keys/${key.id}/rotate`, {
        overlapSeconds: 60,
      });
      const successor = rotated.certificates.find(({ status }) => status === 'active')?.sha256;
      await sender.line(/^rotated: /);
      // One file is there before the other: what does not fit together is not used.
      writeFileSync(certificateFile, rotated.credentials.certificate ?? '');
      await sender.line(/^not yet: /);
      writeFileSync(keyFile, rotated.credentials.key ?? '');
      await sender.line(new RegExp(`^reloaded: ${successor}$`));
      await sender.line(new RegExp(`^sent \\d+: 200 with ${successor}$`));
      expect(sender.lines.filter((line) => line.startsWith('sent') && !line.includes(': 200 with '))).toEqual([]);
      expect(sender.lines.filter((line) => line.startsWith('rotated: '))).toHaveLength(1);
    });

    it('are not sent for what was refused', async () => {
      await administrator.client.request('POST', '/v1/user-roles', { name: 'ESBMessaging.send', description: 'again' });
      await administrator.client.request('DELETE', '/v1/user-roles/ESBMessaging.send');
      const { id } = await administrator.createInstance();
      await administrator.client.request('POST', `/v1/service-instances/${id}/service-keys`, {
        name: 'k',
        parameters: { 'key-type': 'certificate_external', 'X.509': 'x' },
      });
      const role = await administrator.createRole();
      await events.next('user-role.created', role);
      expect(events.of('ESBMessaging.send')).toEqual([]);
      expect(
        events.received.filter(({ event }) => JSON.stringify(event.data).includes(id)).map(({ event }) => event.type),
      ).toEqual(['dev.sluice.service-instance.created.v1']);
    });
  });

  describe('events for who looks at pages', () => {
    const listen = (options: Parameters<typeof ServerSentEvents.open>[2] = {}, token = stack.facts.adminToken) =>
      ServerSentEvents.open(stack.facts.adminUrl, token, options);

    it('come as they happen, as CloudEvents, and from before where that is asked for', async () => {
      const earlier = await administrator.createRole();
      const [fromNow, fromBefore] = [await listen(), await listen({ query: '?earlier=5' })];
      expect(fromNow.response.headers.get('content-type')).toBe('text/event-stream');
      const role = await administrator.createRole();
      const { data = '' } = await fromNow.next(role);
      expect(JSON.parse(data)).toMatchObject({
        specversion: '1.0',
        type: 'dev.sluice.user-role.created.v1',
        data: { actor: 'initial', userRole: { name: role } },
      });
      await fromBefore.next(role);
      expect([fromNow, fromBefore].map(({ messages }) => JSON.stringify(messages).includes(earlier))).toEqual([
        false,
        true,
      ]);
      await Promise.all([fromNow.close(), fromBefore.close()]);
    });

    it('go on where somebody was cut off, each once, and say so where that cannot be known', async () => {
      const first = await listen();
      const role = await administrator.createRole();
      const { id = '' } = await first.next(role);
      await first.close();
      const missed = [await administrator.createRole(), await administrator.createRole()];
      const second = await listen({ lastEventId: id });
      await second.next(missed[1] ?? '');
      expect(second.messages.map(({ data = '{}' }) => (JSON.parse(data) as { subject: string }).subject)).toEqual(
        missed,
      );
      await second.close();
      for (const lastEventId of [`${id}x`, '999999:/sluice/authorization/x', 'x', '']) {
        const anew = await listen({ lastEventId });
        const next = await administrator.createRole();
        await anew.next(next);
        expect(anew.messages.map(({ event }) => event)).toEqual(['begin-anew', undefined]);
        await anew.close();
      }
    });

    it('end with the token of who hears them, and are nobody’s who may not see what happens', async () => {
      const makeToken = (name: string, roles: string[]) =>
        administrator.client.expect<{ token: string }>(201, 'POST', '/v1/admin-tokens', { name, roles });
      const reader = await makeToken('reader', ['Monitoring.read']);
      const stream = await listen({}, reader.token);
      await stream.next((await administrator.createRole()) || 'never');
      await administrator.client.request('DELETE', '/v1/admin-tokens/reader');
      await until(() => Promise.resolve(stream.ended), { what: 'the end of the stream', timeoutMs: 30_000 });
      expect((await listen({}, reader.token)).response.status).toBe(401);
      const deployer = await makeToken('deployer', ['Flows.deploy']);
      expect((await listen({}, deployer.token)).response.status).toBe(403);
      expect((await listen({ query: '?earlier=501' })).response.status).toBe(400);
    });

    it('are told on at most 16 streams of one administrator at a time', async () => {
      const open: ServerSentEvents[] = [];
      for (let count = 0; count < 16; count++) open.push(await listen());
      const oneMore = await administrator.client.request('GET', '/v1/events');
      expect([oneMore.status, oneMore.body.code]).toEqual([503, 'overloaded']);
      await open.pop()?.close();
      const again = await until(
        async () => {
          const stream = await listen();
          return stream.response.status === 200 ? stream : undefined;
        },
        { what: 'a stream in the place of one that was closed' },
      );
      await Promise.all([...open, again].map((stream) => stream.close()));
    });
  });
});
