import { describe, expect, it } from '@jest/globals';
import { stateStream, stateWriters } from '../state/state-records.js';
import { publishersOf, localSubscriberPermissions, servicePermissions } from './permissions.js';
import { renderBusServerConfiguration } from './server-configuration.js';
import { subscriberName, subscriberPermissions } from './subscribers.js';

const services = Object.keys(servicePermissions) as (keyof typeof servicePermissions)[];

/** Whether a subscription or permission with wildcards covers a subject. */
function covers(pattern: string, subject: string): boolean {
  const wanted = pattern.split('.');
  const tokens = subject.split('.');
  for (const [index, token] of wanted.entries()) {
    if (token === '>') return tokens.length > index;
    if (tokens[index] === undefined || (token !== '*' && token !== tokens[index])) return false;
  }
  return wanted.length === tokens.length;
}

const mayPublish = (service: keyof typeof servicePermissions, subject: string) =>
  servicePermissions[service].publish.some((pattern) => covers(pattern, subject));

describe('the permissions of the bus', () => {
  it('give each prefix of the state stream one writing service', () => {
    for (const [writer, prefixes] of Object.entries(stateWriters)) {
      for (const prefix of prefixes) {
        const writers = services.filter((service) => mayPublish(service, `$KV.SLUICE_STATE.${prefix}.x`));
        expect(writers).toEqual([writer]);
      }
    }
  });

  it('let each writing service alone confirm or condemn the state stream in its own name, and flow runtimes alone write leases', () => {
    for (const writer of Object.keys(stateWriters)) {
      for (const said of ['confirmation', 'loss', 'meta.complete'])
        expect(services.filter((service) => mayPublish(service, `$KV.SLUICE_STATE.${said}.${writer}`))).toEqual([
          writer,
        ]);
    }
    expect(services.filter((service) => mayPublish(service, '$KV.SLUICE_STATE.lease.7'))).toEqual(['flow-runtime']);
  });

  it('attack 32: let the flow runtime ask for verdicts only, not for keys', () => {
    expect(mayPublish('flow-runtime', 'sluice.certificate-verifier.verify-certificate.v1')).toBe(true);
    expect(mayPublish('flow-runtime', 'sluice.key-management.create-service-key.v1')).toBe(false);
    expect(mayPublish('flow-runtime', 'sluice.key-management.revoke-certificate.v1')).toBe(false);
    expect(mayPublish('flow-runtime', 'sluice.key-management.report-usage.v1')).toBe(true);
    expect(mayPublish('flow-runtime', 'sluice.key-management.report-server-certificates.v1')).toBe(true);
    expect(mayPublish('flow-runtime', 'sluice.authorization.create-admin-token.v1')).toBe(false);
    expect(mayPublish('flow-runtime', 'sluice.events.service-key.revoked')).toBe(false);
  });

  it('leave it to message-log alone to take what the runtimes have recorded, and let it do nothing else', () => {
    const take = '$JS.API.CONSUMER.MSG.NEXT.SLUICE_MPL.mpl-to-postgres';
    expect(services.filter((service) => mayPublish(service, take))).toEqual(['message-log']);
    expect(services.filter((service) => mayPublish(service, '$JS.ACK.SLUICE_MPL.mpl-to-postgres.1.2.3.4.5'))).toEqual([
      'message-log',
    ]);
    expect(servicePermissions['message-log'].publish).toHaveLength(3);
  });

  it('let nobody create a consumer on the state stream or purge it, and key-management alone delete it', () => {
    for (const service of services) {
      expect(mayPublish(service, `$JS.API.CONSUMER.CREATE.${stateStream}.any`)).toBe(false);
      expect(mayPublish(service, `$JS.API.STREAM.PURGE.${stateStream}`)).toBe(false);
      expect(mayPublish(service, `$JS.API.STREAM.DELETE.${stateStream}`)).toBe(service === 'key-management');
      expect(mayPublish(service, `$JS.API.STREAM.MSG.DELETE.${stateStream}`)).toBe(false);
    }
  });

  it('let a service listen to its own inbox only', () => {
    for (const service of services) {
      for (const other of services.filter((name) => name !== service)) {
        const heard = servicePermissions[service].subscribe.some((pattern) => covers(pattern, `_INBOX_${other}.reply`));
        expect(heard).toBe(false);
      }
    }
  });

  it('attack 39: let a service answer into the inboxes of its askers, and nowhere else', () => {
    const inboxesOf = (service: keyof typeof servicePermissions) =>
      servicePermissions[service].publish.filter((subject) => subject.startsWith('_INBOX'));
    expect(inboxesOf('certificate-verifier').sort()).toEqual(['_INBOX_authorization.>', '_INBOX_flow-runtime.>']);
    expect(inboxesOf('flow-runtime').sort()).toEqual([
      '_INBOX_admin-api.>',
      '_INBOX_authorization.>',
      '_INBOX_key-management.>',
    ]);
    expect(inboxesOf('admin-api')).toEqual([]);
    expect(inboxesOf('message-log')).toEqual([]);
    expect(publishersOf('sluice.certificate-verifier.verify-certificate.v1')).toEqual([
      'authorization',
      'flow-runtime',
    ]);
    expect(publishersOf('sluice.authorization.create-admin-token.v1')).toEqual(['admin-api']);
    expect(publishersOf('sluice.key-management.issue-flow-token.v1')).toEqual(['flow-runtime', 'admin-api']);
  });

  it('lets nobody ask for a token of the admin API where senders connect', () => {
    expect(publishersOf('sluice.key-management.issue-api-token.v1')).toEqual(['admin-api']);
  });

  it('let a subscriber neither publish events nor change the stream', () => {
    const may = (subject: string) => localSubscriberPermissions.publish.some((pattern) => covers(pattern, subject));
    expect(may('$JS.API.CONSUMER.CREATE.SLUICE_EVENTS.mine')).toBe(true);
    for (const subject of [
      'sluice.events.service-key.revoked',
      '$JS.API.STREAM.PURGE.SLUICE_EVENTS',
      '$JS.API.STREAM.DELETE.SLUICE_EVENTS',
      '$JS.API.STREAM.CREATE.OTHER',
      '$JS.API.STREAM.UPDATE.SLUICE_EVENTS',
    ]) {
      expect(may(subject)).toBe(false);
    }
  });
});

describe('what a subscriber may do', () => {
  const { publish, subscribe } = subscriberPermissions('platform');
  const may = (subject: string) => publish.some((pattern) => covers(pattern, subject));

  it('attack 51: is to use consumers of its own names, which are no part of another name', () => {
    for (const consumer of ['platform', 'platform_1', 'platform_7']) {
      for (const call of ['CREATE', 'DURABLE.CREATE', 'INFO', 'DELETE', 'MSG.NEXT'])
        expect([consumer, may(`$JS.API.CONSUMER.${call}.SLUICE_EVENTS.${consumer}`)]).toEqual([consumer, true]);
      expect(may(`$JS.ACK.SLUICE_EVENTS.${consumer}.1.1.1.1.1`)).toBe(true);
    }
    for (const other of ['platform_8', 'platform-2', 'platform2', 'other', 'platform_1_1']) {
      for (const call of ['CREATE', 'DURABLE.CREATE', 'INFO', 'DELETE', 'MSG.NEXT'])
        expect([other, may(`$JS.API.CONSUMER.${call}.SLUICE_EVENTS.${other}`)]).toEqual([other, false]);
      expect(may(`$JS.ACK.SLUICE_EVENTS.${other}.1.1.1.1.1`)).toBe(false);
    }
    for (const name of ['platform_1', 'a_b', '-a', 'a-', 'A', '', 'a.b', 'a*', '>', 'a'.repeat(33)])
      expect([name, subscriberName.test(name)]).toEqual([name, false]);
    for (const name of ['a', 'platform-2', '0', 'a'.repeat(32)])
      expect([name, subscriberName.test(name)]).toEqual([name, true]);
  });

  it('attack 51: is neither to make an unnamed consumer nor to see those of others', () => {
    for (const call of ['CREATE', 'NAMES', 'LIST', 'DURABLE.CREATE'])
      expect([call, may(`$JS.API.CONSUMER.${call}.SLUICE_EVENTS`)]).toEqual([call, false]);
    expect(subscribe).toEqual(['_INBOX_platform.>']);
    expect(
      publish.filter((subject) => !subject.startsWith('$JS.API.') && !subject.startsWith('$JS.ACK.SLUICE_EVENTS.')),
    ).toEqual([]);
  });
});

describe('the configuration of nats-server', () => {
  const render = (withLocal: boolean) =>
    renderBusServerConfiguration({
      listen: '127.0.0.1:4222',
      storeDirectory: '/data',
      tls: { certificateFile: 'server.pem', keyFile: 'server.key' },
      serviceKeys: Object.fromEntries(services.map((service) => [service, `U${service}`])) as Record<
        (typeof services)[number],
        string
      >,
      callout: { responderKey: 'Ucallout', issuerKey: 'Aissuer' },
      ...(withLocal ? { localSubscriber: { user: 'subscriber', passwordHash: '$2b$10$hash' } } : {}),
    });

  const [rendered, forOthers] = [render(true), render(false)];

  it('attack 39: has no user in an account with streams, and lets nobody answer wherever a message says', () => {
    const accounts = rendered.slice(rendered.indexOf('accounts {')).split(/^ {2}(?=["$A-Z_]+ \{$)/m);
    expect(accounts.map((account) => account.split(' ')[0])).toEqual([
      'accounts',
      '"$SYS"',
      'CALLOUT',
      'SERVICES',
      'MESSAGE_LOG',
      'SLUICE',
      'SUBSCRIBERS',
      'EVENTS',
    ]);
    for (const account of accounts) expect(/\bjetstream\b/.test(account) && account.includes('users:')).toBe(false);
    expect(rendered).not.toContain('allow_responses');
  });

  it('asks about nobody who is in it, and knows no subscriber but in a local stack', () => {
    const [, asked = ''] = /auth_users: \[(.*)\]/.exec(rendered) ?? [];
    const users = [...rendered.matchAll(/\{ (?:nkey|user): "?([\w-]+)/g)].map(([, user]) => user);
    expect(users).toHaveLength(services.length + 2);
    for (const user of users) expect(asked).toContain(`"${user}"`);
    expect(forOthers).not.toMatch(/password|"subscriber"/);
    const [, subscribers = ''] = /^ {2}SUBSCRIBERS \{([^]*?)^ {2}\}/m.exec(forOthers) ?? [];
    expect(subscribers).not.toContain('users');
    expect(subscribers).not.toContain('stream:');
  });

  it('holds public keys and hashes, never a seed or a password', () => {
    expect(rendered).toContain('password: "$2b$10$hash"');
    for (const service of services) expect(rendered).toContain(`nkey: U${service}`);
    expect(rendered).not.toMatch(/\bSU[A-Z0-9]{20}/);
  });
});
