import { getDecision } from '@sluice/contracts';
import { RequestClient } from '@sluice/messaging';
import { CLOCK, CONFIG, Destinations, MONOTONIC_CLOCK, openDestinations, Shell } from '@sluice/service-shell';
import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AccessTokensController } from '../access-tokens/access-tokens.controller.js';
import { AdminTokensController } from '../admin-tokens/admin-tokens.controller.js';
import { CertificateListsController } from '../certificate-lists/certificate-lists.controller.js';
import { AuditController } from '../audit/audit.controller.js';
import { ConsoleController } from '../console/console.controller.js';
import { ConnectivityTestsController } from '../connectivity-tests/connectivity-tests.controller.js';
import { DecisionsController } from '../decisions/decisions.controller.js';
import { DocsController } from '../docs/docs.controller.js';
import { FlowsController } from '../flows/flows.controller.js';
import { AdministratorGuard, Authentication } from './administrator.js';
import { forwardingControllers } from './forwarding-controllers.js';
import { HealthController } from './health.controller.js';
import { LiveEvents } from '../live-events/live-events.js';
import { LiveEventsController } from '../live-events/live-events.controller.js';
import { MessageProcessingLogsController } from '../message-processing-logs/message-processing-logs.controller.js';
import { OpenApiController } from '../openapi/openapi.controller.js';
import { SessionsController } from '../sessions/sessions.controller.js';
import { SIGN_IN, signInByProvider } from '../sign-in/sign-in-by-provider.js';
import { SignInController } from '../sign-in/sign-in.controller.js';
import { StateController } from '../state/state.controller.js';
import { SubscribersController } from '../subscribers/subscribers.controller.js';
import { TrustedRootsController } from '../trusted-roots/trusted-roots.controller.js';
import { VersionController } from '../version/version.controller.js';
import type { Config } from '../config.js';
import { WrongTokens } from './wrong-tokens.js';

/** The operations of the admin API over HTTP. Needs `ShellModule`. */
@Module({
  controllers: [
    ...forwardingControllers([getDecision]),
    CertificateListsController,
    TrustedRootsController,
    FlowsController,
    MessageProcessingLogsController,
    DecisionsController,
    ConnectivityTestsController,
    AdminTokensController,
    AccessTokensController,
    SubscribersController,
    SessionsController,
    LiveEventsController,
    SignInController,
    StateController,
    AuditController,
    OpenApiController,
    VersionController,
    DocsController,
    ConsoleController,
    HealthController,
  ],
  providers: [
    { provide: RequestClient, inject: [Shell], useFactory: ({ requests }: Shell) => requests },
    {
      provide: Destinations,
      inject: [Shell, CONFIG],
      useFactory: (shell: Shell, config: Config) => openDestinations(shell, config),
    },
    { provide: WrongTokens, inject: [MONOTONIC_CLOCK], useFactory: (now: () => number) => new WrongTokens(now) },
    { provide: SIGN_IN, inject: [Shell, CONFIG, CLOCK], useFactory: signInByProvider },
    Authentication,
    LiveEvents,
    { provide: APP_GUARD, useClass: AdministratorGuard },
  ],
})
export class HttpModule {}
