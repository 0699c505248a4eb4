import { StateFollower } from '@sluice/messaging';
import { CLOCK, CONFIG, MONOTONIC_CLOCK, ON_FAULT, Readiness, Shell } from '@sluice/service-shell';
import { Inject, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { readFileSync } from 'node:fs';
import { listenersOf, type Config } from '../config.js';
import { DecideCall, type Refusal } from '../decisions/decide-call.js';
import { DecisionsModule } from '../decisions/decisions.module.js';
import { PermitCache } from '../decisions/permit-cache.js';
import { RecordDecision } from '../decisions/record-decision.js';
import { RefusalCache } from '../decisions/refusal-cache.js';
import { ReportUsage } from '../decisions/report-usage.js';
import { TallyDecisions } from '../decisions/tally-decisions.js';
import { EventLoopModule } from '../event-loop/event-loop.module.js';
import { WatchEventLoop } from '../event-loop/watch-event-loop.js';
import { BodyBudget } from '../fair-shares/body-budget.js';
import { BodyMemory } from '../fair-shares/body-memory.js';
import { SenderLimits } from '../fair-shares/sender-limits.js';
import { OAuthEndPoints } from '../oauth/oauth-end-points.js';
import { OAuthModule } from '../oauth/oauth.module.js';
import { DeployedFlows } from '../flows/deployed-flows.js';
import { FlowsModule } from '../flows/flows.module.js';
import { Listeners } from '../listeners/listeners.js';
import { nameTrustedRoots } from '../listeners/name-trusted-roots.js';
import { NoteUnreadable } from '../listeners/note-unreadable.js';
import { ReportServerCertificates } from '../listeners/report-server-certificates.js';
import { LogRoom } from '../messages/log-room.js';
import { MessagesModule } from '../messages/messages.module.js';
import { RecordMessage } from '../messages/record-message.js';
import { CsrfTokens } from './csrf-tokens.js';
import { HandleRequest } from './handle-request.js';
import { FlowWorkers } from '../workers/flow-workers.js';
import { WorkersModule } from '../workers/workers.module.js';
import { RunRequest } from './run-request.js';
import { RuntimeMetrics } from './runtime-metrics.js';

/** How long a body waits for room before its sender is told to come again. */
const bodyWaitMs = 10_000;

function senderLimitsOf(config: Config, monotonicNow: () => number): SenderLimits | undefined {
  const requestsPerSecond = config.SENDER_REQUESTS_PER_SECOND;
  const concurrentMessages = config.SENDER_CONCURRENT_MESSAGES;
  if (requestsPerSecond === 0 && concurrentMessages === 0) return undefined;
  const burst = config.SENDER_REQUESTS_BURST ?? Math.max(requestsPerSecond, 1);
  return new SenderLimits({ requestsPerSecond, burst, concurrentMessages }, monotonicNow);
}

/** Takes requests of senders, on the listeners. It opens last and closes first. */
@Module({
  imports: [DecisionsModule, EventLoopModule, FlowsModule, MessagesModule, OAuthModule, WorkersModule],
  providers: [
    {
      provide: BodyBudget,
      inject: [CONFIG, BodyMemory],
      useFactory: (config: Pick<Config, 'FLOW_BODY_MEMORY_MB'>, memory: BodyMemory) =>
        new BodyBudget(config.FLOW_BODY_MEMORY_MB * 1_048_576, bodyWaitMs, memory),
    },
    {
      provide: RuntimeMetrics,
      inject: [
        Shell,
        PermitCache,
        RefusalCache,
        DecideCall,
        RecordDecision,
        TallyDecisions,
        RecordMessage,
        LogRoom,
        BodyBudget,
      ],
      useFactory: (
        { metrics }: Shell,
        permits: PermitCache,
        refusals: RefusalCache<Refusal>,
        decideCall: DecideCall,
        decisions: RecordDecision,
        tallies: TallyDecisions,
        messages: RecordMessage,
        room: LogRoom,
        bodies: BodyBudget,
      ) => new RuntimeMetrics(metrics, { permits, refusals, decideCall, decisions, tallies, messages, room, bodies }),
    },
    {
      provide: NoteUnreadable,
      inject: [Shell, MONOTONIC_CLOCK],
      useFactory: ({ metrics, log }: Shell, monotonicNow: () => number) =>
        new NoteUnreadable(
          metrics.counter(
            'sluice_requests_unreadable_total',
            'Requests refused before anybody decided about their caller, by reason.',
            ['reason'],
          ),
          (fields, text) => log.warn(fields, text),
          monotonicNow,
        ),
    },
    {
      provide: RunRequest,
      inject: [
        Shell,
        CONFIG,
        CLOCK,
        RecordDecision,
        RecordMessage,
        FlowWorkers,
        ReportUsage,
        WatchEventLoop,
        RuntimeMetrics,
      ],
      useFactory: (
        { spans, onFault }: Shell,
        config: Pick<Config, 'MESSAGE_TIME_LIMIT_MS'>,
        now: () => number,
        decisions: RecordDecision,
        messages: RecordMessage,
        workers: FlowWorkers,
        usage: ReportUsage,
        eventLoop: WatchEventLoop,
        metrics: RuntimeMetrics,
      ) =>
        new RunRequest({
          eventLoop,
          messages,
          workers,
          decisions,
          usage,
          metrics,
          spans,
          ports: { now },
          messageTimeLimitMs: config.MESSAGE_TIME_LIMIT_MS,
          onFault,
        }),
    },
    {
      provide: HandleRequest,
      inject: [
        Shell,
        CONFIG,
        CLOCK,
        MONOTONIC_CLOCK,
        DeployedFlows,
        DecideCall,
        RecordDecision,
        RunRequest,
        BodyBudget,
        RuntimeMetrics,
        NoteUnreadable,
        OAuthEndPoints,
      ],
      useFactory: (
        { spans, onFault }: Shell,
        config: Config,
        now: () => number,
        monotonicNow: () => number,
        flows: DeployedFlows,
        decideCall: DecideCall,
        decisions: RecordDecision,
        run: RunRequest,
        bodies: BodyBudget,
        metrics: RuntimeMetrics,
        unreadable: NoteUnreadable,
        oauth: OAuthEndPoints,
      ) =>
        new HandleRequest({
          flows,
          oauth,
          decideCall,
          decisions,
          run,
          bodies,
          limits: senderLimitsOf(config, monotonicNow),
          csrf: new CsrfTokens(readFileSync(config.NATS_SEED_FILE), now),
          ports: { now },
          metrics,
          unreadable,
          spans,
          onFault,
        }),
    },
    {
      provide: Listeners,
      inject: [CONFIG, HandleRequest, CLOCK, ON_FAULT],
      useFactory: (config: Config, handler: HandleRequest, now: () => number, onFault: Shell['onFault']) =>
        new Listeners(listenersOf(config), handler, now, onFault),
    },
    {
      provide: ReportServerCertificates,
      inject: [Listeners, Shell],
      useFactory: (listeners: Listeners, { requests, onFault }: Shell) =>
        new ReportServerCertificates(() => listeners.chains, requests, onFault),
    },
  ],
})
export class FrontDoorModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    private readonly shell: Shell,
    private readonly listeners: Listeners,
    @Inject(CONFIG) private readonly config: Pick<Config, 'DRAIN_MS'>,
    follower: StateFollower,
    private readonly readiness: Readiness,
    private readonly serverCertificates: ReportServerCertificates,
    metrics: RuntimeMetrics,
    unreadable: NoteUnreadable,
  ) {
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
    const nameRoots = () => nameTrustedRoots(listeners, follower, shell.onFault);
    follower.onChange(({ key }) => {
      if (key.startsWith('root.') || key.startsWith('ca.')) nameRoots();
    });
    follower.onLoaded(nameRoots);
    readiness.require(() => listeners.problems);
  }

  async onApplicationBootstrap(): Promise<void> {
    const { listeners, readiness, shell } = this;
    const onlyTheyAreMissing = () => readiness.problems.every((problem) => listeners.problems.includes(problem));
    await listeners.open();
    this.serverCertificates.start();
    listeners
      .openToProxies(onlyTheyAreMissing)
      .catch((error: unknown) => shell.onFault(error, 'opening the listener for proxies'));
  }

  async onApplicationShutdown(): Promise<void> {
    await this.serverCertificates.stop();
    await this.listeners.close(this.config.DRAIN_MS);
  }
}
