import { stateKey } from '@sluice/contracts';
import {
  auditHandlers,
  CompareState,
  compareStateHandler,
  followState,
  openDatabase,
  openDestinations,
  PublishedChanges,
  runService,
  sealerFromFile,
  stateNotReady,
} from '@sluice/service-shell';
import { jetstreamManager } from '@nats-io/jetstream';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { AppModule } from './app.module.js';
import { listenersOf, readConfig } from './config.js';
import { CheckFlow } from './check-flow/check-flow.js';
import { findAddressesInPostgres } from './check-flow/find-addresses.postgres.js';
import type { RuntimeOffer } from './check-flow/judge-flows.js';
import { DecideCall, type Refusal } from './decide-call/decide-call.js';
import { PermitCache } from './decide-call/permit-cache.js';
import { RefusalCache } from './decide-call/refusal-cache.js';
import { DeleteReceiverCredential } from './delete-receiver-credential/delete-receiver-credential.js';
import { DeployFlow } from './deploy-flow/deploy-flow.js';
import { DeployedFlows } from './deployed-flows/deployed-flows.js';
import { FlowPresence } from './deployed-flows/flow-presence.js';
import { ReportRuntime } from './deployed-flows/report-runtime.js';
import { CsrfTokens } from './endpoint/csrf-tokens.js';
import { HandleRequest } from './endpoint/handle-request.js';
import { Listeners } from './endpoint/listeners.js';
import { NoteUnreadable } from './endpoint/note-unreadable.js';
import { nameTrustedRoots } from './endpoint/name-trusted-roots.js';
import { wireFlowEffects } from './flow-effects/wire-flow-effects.js';
import { ImportFlows } from './import-flows/import-flows.js';
import { entities, schema } from './persistence/entities.js';
import { migrations } from './persistence/migrations.js';
import { PutReceiverCredential } from './put-receiver-credential/put-receiver-credential.js';
import { allRecords } from './record/flow-record.js';
import { RecordDecision } from './record-decision/record-decision.js';
import { LogRoom } from './record-message/log-room.js';
import { PublishLines } from './record-message/publish-lines.nats.js';
import { ReadMessages } from './record-message/read-messages.js';
import { RecordMessage } from './record-message/record-message.js';
import { WatchLogStream } from './record-message/watch-log-stream.js';
import { RunMessage } from './run-message/run-message.js';
import { ReportUsage } from './report-usage/report-usage.js';
import { RuntimeMetrics } from './runtime-metrics.js';
import { UndeployFlow } from './undeploy-flow/undeploy-flow.js';

await runService({
  service: 'flow-runtime',
  readConfig,
  build: async (shell, config) => {
    const { connection, onFault } = shell;
    const dataSource = await openDatabase(shell, config, { schema, entities, migrations });

    const { follower, bucket, reader } = await followState(shell, {
      holds: ['flow', 'receiver-credential', 'role', 'root', 'ca'],
      recordKeysFile: config.RECORD_KEYS_FILE,
      capacity: 0,
      leases: true,
    });
    const records = () => allRecords(dataSource);
    const changes = new PublishedChanges(shell, {
      databaseUrl: config.DATABASE_URL,
      schema,
      dataSource,
      writer: 'flow-runtime',
      follower,
      bucket,
      reader,
      records,
    });
    await changes.start();

    const now = () => Date.now();
    const runtimeId = randomUUID();
    const newId = () => randomUUID();
    const room = new LogRoom();
    const messages = new RecordMessage(new PublishLines(connection).publish, runtimeId, now, onFault, room);
    const runMessage = new RunMessage(messages, config.MESSAGE_TIME_LIMIT_MS);
    const findProcessDirect = (address: string) => flows.findProcessDirect(address);
    const effects = wireFlowEffects({
      config,
      destinations: openDestinations(shell, config),
      dataSource,
      sealer: sealerFromFile(shell, config.CREDENTIAL_KEY_FILE),
      follower,
      runMessage,
      findProcessDirect,
      now,
      newId,
      onFault,
    });
    shell.onShutdown(() => effects.stop());
    const flows = new DeployedFlows(effects.portsOf, onFault);
    const presence = new FlowPresence(flows);
    const runtimes = new ReportRuntime(
      dataSource,
      flows,
      { id: runtimeId, name: shell.processName },
      onFault,
      config.RUNTIME_GONE_AFTER_MS,
    );
    shell.onShutdown(() => runtimes.stop());
    const monotonicNow = () => performance.now();
    const permits = new PermitCache(config.VERDICT_CACHE_SIZE);
    const refusals = new RefusalCache<Refusal>(config.REFUSAL_CACHE_SIZE, config.REFUSAL_MS, monotonicNow);
    const decideCall = new DecideCall({
      state: follower,
      permits,
      refusals,
      requests: shell.requests,
      leaseMs: config.LEASE_MS,
      writersAbsentMs: config.WRITERS_ABSENT_MS,
      maximumQuestions: config.MAXIMUM_QUESTIONS,
      now,
      monotonicNow,
    });
    const usage = new ReportUsage(shell.requests, now, config.USAGE_REPORT_MS, onFault);
    const decisions = new RecordDecision(connection, config.DECISION_SAMPLE, now, onFault);
    const metrics = new RuntimeMetrics(shell.metrics, { permits, refusals, decideCall, decisions, messages, room });
    const unreadable = new NoteUnreadable(
      shell.metrics.counter(
        'sluice_requests_unreadable_total',
        'Requests refused before anybody decided about their caller, by reason.',
      ),
      (fields, text) => shell.log.warn(fields, text),
      monotonicNow,
    );
    const handler = new HandleRequest({
      flows,
      decideCall,
      decisions,
      messages,
      csrf: new CsrfTokens(readFileSync(config.NATS_SEED_FILE), now),
      usage,
      ports: { now, newId },
      messageTimeLimitMs: config.MESSAGE_TIME_LIMIT_MS,
      metrics,
      unreadable,
      spans: shell.spans,
      onFault,
    });
    const listeners = new Listeners(listenersOf(config), handler, now, onFault);
    listeners.observe({
      handshake: (resumed) => metrics.handshake(resumed),
      handshakeFailed: () => metrics.handshakeFailed(),
      unreadable: (request) => unreadable.note(request),
    });

    shell.metrics.gauge(
      'sluice_trusted_roots_named',
      '1 while senders are told the names of the trusted roots in the handshake; 0: they are too long together.',
      () => (listeners.namesRoots ? 1 : 0),
    );

    const applyFlow = (key: string) => {
      flows.apply(key.slice('flow.'.length), follower.held<'flow'>(key).record);
      effects.timersChanged(flows.timers());
      presence.changed();
      runtimes.changed();
    };
    follower.onChange(({ key, sequence }) => {
      decideCall.changed(key, sequence);
      if (key.startsWith('flow.')) applyFlow(key);
      else if (key.startsWith('receiver-credential.')) effects.credentialChanged(key);
      else if (key.startsWith('root.') || key.startsWith('ca.')) nameTrustedRoots(listeners, follower, onFault);
    });
    follower.onEpoch(() => decideCall.clear());
    follower.onLoaded(() => {
      flows.replaceAll([...follower.heldOf('flow')].map(({ record }) => record));
      effects.timersChanged(flows.timers());
      presence.changed();
      runtimes.changed();
      nameTrustedRoots(listeners, follower, onFault);
    });

    shell.onShutdown(() => usage.stop());
    shell.onShutdown(() => listeners.close(config.DRAIN_MS));

    const manager = await jetstreamManager(connection, { checkAPI: false });
    const watch = new WatchLogStream({
      manager,
      room,
      trial: (bytes) => messages.trial(bytes),
      onAlarm: (on) => {
        const { bytes, maxBytes, oldestSeconds } = room.fill;
        const fields = { bytes, maxBytes, oldestSeconds };
        if (on) shell.log.warn(fields, 'the message processing log waits for Postgres in more than half of its room');
        else shell.log.info(fields, 'the message processing log has room again');
      },
    });
    shell.onShutdown(() => watch.stop());
    const offer: RuntimeOffer = {
      capabilities: effects.capabilities,
      problemsOf: effects.problemsOf,
      roleExists: (role) => follower.held<'role'>(stateKey.role(role)).record !== undefined,
    };
    const problems = () => [...stateNotReady(follower), ...room.problems];
    const deployFlow = new DeployFlow(changes, offer, now);
    return {
      module: AppModule.with({
        dataSource,
        deployFlow,
        checkFlow: new CheckFlow(offer, findAddressesInPostgres(dataSource)),
        importFlows: new ImportFlows(deployFlow, offer),
        undeployFlow: new UndeployFlow(changes),
        putReceiverCredential: new PutReceiverCredential(changes, effects.sealer, now),
        deleteReceiverCredential: new DeleteReceiverCredential(changes),
        presence,
        runtimes,
        messages: new ReadMessages(dataSource, manager),
        manager,
        flowUrl: config.FLOW_URL,
        sharedHandlers: [
          ...auditHandlers('flow-runtime', dataSource),
          compareStateHandler(
            'flow-runtime',
            new CompareState({ writer: 'flow-runtime', bucket, reader, dataSource, records }),
          ),
        ],
      }),
      notReady: () => [...problems(), ...listeners.problems],
      start: async () => {
        usage.start();
        await watch.start();
        effects.start();
        runtimes.start();
        await listeners.open();
        listeners
          .openToProxies(() => problems().length === 0)
          .catch((error: unknown) => onFault(error, 'opening the listener for proxies'));
      },
    };
  },
});
