import { stateKey } from '@sluice/contracts';
import { createDataSource, initializeDataSource } from '@sluice/persistence';
import { followState, PublishedChanges, runService, stateNotReady } from '@sluice/service-shell';
import { jetstreamManager } from '@nats-io/jetstream';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { AppModule } from './app.module.js';
import { readConfig } from './config.js';
import { DecideCall } from './decide-call/decide-call.js';
import { PermitCache } from './decide-call/permit-cache.js';
import { DeployFlow } from './deploy-flow/deploy-flow.js';
import { DeployedFlows } from './deployed-flows/deployed-flows.js';
import { FlowPresence } from './deployed-flows/flow-presence.js';
import { HandleRequest } from './endpoint/handle-request.js';
import { closeGracefully, listen, ProxyListener, PublicListener } from './endpoint/listeners.js';
import { nameTrustedRoots } from './endpoint/name-trusted-roots.js';
import { CreateTables1764000000000 } from './persistence/create-tables.migration.js';
import { entities, schema } from './persistence/entities.js';
import { allRecords } from './record/flow-record.js';
import { RecordDecision } from './record-decision/record-decision.js';
import { ReadMessages } from './record-message/read-messages.js';
import { RecordMessage } from './record-message/record-message.js';
import { StoreMessages } from './record-message/store-messages.js';
import { UndeployFlow } from './undeploy-flow/undeploy-flow.js';

await runService({
  service: 'flow-runtime',
  readConfig,
  build: async (shell, config) => {
    const { connection, onFault } = shell;
    const dataSource = createDataSource({
      databaseUrl: config.DATABASE_URL,
      schema,
      entities,
      migrations: [CreateTables1764000000000],
      poolSize: config.DATABASE_POOL_SIZE,
      applicationName: shell.processName,
    });
    await initializeDataSource(dataSource, (error) => onFault(error, 'connecting to Postgres'));
    shell.onShutdown(() => dataSource.destroy());

    const { follower, bucket } = await followState(shell, {
      holds: ['flow', 'role', 'root', 'ca'],
      recordKeysFile: config.RECORD_KEYS_FILE,
      capacity: 0,
    });
    const changes = new PublishedChanges(shell, {
      databaseUrl: config.DATABASE_URL,
      schema,
      dataSource,
      writer: 'flow-runtime',
      follower,
      bucket,
      records: () => allRecords(dataSource),
    });
    await changes.start();

    const now = () => Date.now();
    const flows = new DeployedFlows(onFault);
    const presence = new FlowPresence(flows);
    const cache = new PermitCache(config.VERDICT_CACHE_SIZE);
    const decideCall = new DecideCall(follower, cache, shell.requests, config.LEASE_MS, now, () => performance.now());
    const handler = new HandleRequest({
      flows,
      decideCall,
      decisions: new RecordDecision(connection, now, onFault),
      messages: new RecordMessage(connection),
      ports: { now, newId: () => randomUUID() },
      onFault,
    });
    const identity = {
      certificateChain: readFileSync(config.TLS_CERTIFICATE_FILE, 'utf8'),
      privateKey: readFileSync(config.TLS_KEY_FILE, 'utf8'),
    };
    const publicListener = new PublicListener(identity, handler);
    const proxyListener =
      config.PROXY_PORT === undefined || config.PROXY_CA_FILE === undefined
        ? undefined
        : new ProxyListener(identity, readFileSync(config.PROXY_CA_FILE, 'utf8'), handler);

    const applyFlow = (key: string) => {
      flows.apply(key.slice('flow.'.length), follower.held<'flow'>(key).record);
      presence.changed();
    };
    follower.onChange(({ key, sequence }) => {
      cache.changed(key, sequence);
      if (key.startsWith('flow.')) applyFlow(key);
      else if (key.startsWith('root.') || key.startsWith('ca.')) nameTrustedRoots(publicListener, follower);
    });
    follower.onEpoch(() => cache.clear());
    follower.onLoaded(() => {
      flows.replaceAll([...follower.heldOf('flow')].map(({ record }) => record));
      presence.changed();
      nameTrustedRoots(publicListener, follower);
    });

    const store = new StoreMessages(connection, dataSource, onFault);
    shell.onShutdown(() => store.stop());
    const servers = [publicListener, ...(proxyListener ? [proxyListener] : [])].map(({ server }) => server);
    shell.onShutdown(
      async () => void (await Promise.all(servers.map((server) => closeGracefully(server, config.DRAIN_MS)))),
    );

    const manager = await jetstreamManager(connection, { checkAPI: false });
    return {
      module: AppModule.with({
        dataSource,
        deployFlow: new DeployFlow(
          changes,
          (role) => follower.held<'role'>(stateKey.role(role)).record !== undefined,
          now,
        ),
        undeployFlow: new UndeployFlow(changes),
        presence,
        messages: new ReadMessages(dataSource, manager),
        manager,
        flowUrl: config.FLOW_URL,
      }),
      notReady: () => [...stateNotReady(follower), ...(store.missing ? [store.missing] : [])],
      start: async () => {
        store.start();
        await listen(publicListener.server, config.FLOW_PORT, config.FLOW_HOST);
        if (proxyListener && config.PROXY_PORT !== undefined)
          await listen(proxyListener.server, config.PROXY_PORT, config.PROXY_HOST);
      },
    };
  },
});
