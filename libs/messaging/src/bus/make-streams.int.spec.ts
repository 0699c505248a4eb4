import {
  messageProcessingLogStream,
  messageProcessingLogSubject,
  renderBusServerConfiguration,
  servicePermissions,
  type ServiceName,
} from '@sluice/contracts';
import { TestNats } from '@sluice/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DiscardPolicy, jetstreamManager, RetentionPolicy } from '@nats-io/jetstream';
import { createAccount, createUser } from '@nats-io/nkeys';
import { connect, nkeyAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import { makeRuntimeStreams } from './make-streams.js';

const services = Object.keys(servicePermissions) as ServiceName[];
const mebibyte = 1024 * 1024;

describe('the streams of the flow runtime, made by key-management with the permissions it has', () => {
  const keys = Object.fromEntries(services.map((service) => [service, createUser()]));
  let nats: TestNats;
  let connection: NatsConnection;

  beforeEach(async () => {
    nats = await TestNats.start({
      configuration: ({ listen, folder }) =>
        renderBusServerConfiguration({
          listen,
          storeDirectory: `${folder}/jetstream`,
          tls: { certificateFile: 'none', keyFile: 'none' },
          serviceKeys: Object.fromEntries(
            services.map((service) => [service, keys[service]?.getPublicKey() ?? '']),
          ) as Record<ServiceName, string>,
          callout: { responderKey: createUser().getPublicKey(), issuerKey: createAccount().getPublicKey() },
        }).replace(/\ntls \{[^}]*\}/, ''),
    });
    connection = await connect({
      // On a busy machine the first words of the server can come too late.
      timeout: 5_000,
      waitOnFirstConnect: true,
      servers: nats.url,
      authenticator: nkeyAuthenticator(keys['key-management']?.getSeed() ?? new Uint8Array()),
      inboxPrefix: '_INBOX_key-management',
    });
  }, 60_000);

  afterEach(async () => {
    await connection.close();
    await nats.stop();
  });

  const log = async () =>
    (await (await jetstreamManager(connection, { checkAPI: false })).streams.info(messageProcessingLogStream)).config;

  it('are brought to this version when an earlier one made them: the log drops nothing from then on', async () => {
    const manager = await jetstreamManager(connection, { checkAPI: false });
    await manager.streams.add({
      name: messageProcessingLogStream,
      subjects: [messageProcessingLogSubject],
      retention: RetentionPolicy.Workqueue,
      discard: DiscardPolicy.Old,
      max_bytes: 2 * mebibyte,
    });
    await makeRuntimeStreams(connection, 3_600_000, { messageProcessingLog: 4 * mebibyte, decisions: mebibyte });
    expect(await log()).toMatchObject({ discard: 'new', max_bytes: 4 * mebibyte });
  });

  it('take other sizes', async () => {
    await makeRuntimeStreams(connection, 3_600_000, { messageProcessingLog: 4 * mebibyte, decisions: 2 * mebibyte });
    await makeRuntimeStreams(connection, 7_200_000, { messageProcessingLog: 2 * mebibyte, decisions: mebibyte });
    expect(await log()).toMatchObject({ max_bytes: 2 * mebibyte });
  });
});
