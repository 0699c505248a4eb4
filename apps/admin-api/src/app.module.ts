import { getDecision } from '@sluice/contracts';
import { RequestClient } from '@sluice/messaging';
import { Destinations, type Shell } from '@sluice/service-shell';
import type { DynamicModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AdminTokensController } from './admin-tokens/admin-tokens.controller.js';
import { CertificateListsController } from './certificate-lists/certificate-lists.controller.js';
import { AuditController } from './audit/audit.controller.js';
import { ConnectivityTestsController, onFaultToken } from './connectivity-tests/connectivity-tests.controller.js';
import { DecisionsController } from './decisions/decisions.controller.js';
import { DocsController } from './docs/docs.controller.js';
import { FlowsController } from './flows/flows.controller.js';
import { AdministratorGuard } from './http/administrator.js';
import { forwardingControllers } from './http/forwarding-controllers.js';
import { HealthController, notReadyToken } from './http/health.controller.js';
import { MessageProcessingLogsController } from './message-processing-logs/message-processing-logs.controller.js';
import { OpenApiController } from './openapi/openapi.controller.js';
import { StateController } from './state/state.controller.js';
import { SubscribersController } from './subscribers/subscribers.controller.js';
import { TrustedRootsController } from './trusted-roots/trusted-roots.controller.js';
import { VersionController } from './version/version.controller.js';

export class AppModule {
  static with(shell: Shell, destinations: Destinations, notReady: () => readonly string[]): DynamicModule {
    return {
      module: AppModule,
      controllers: [
        ...forwardingControllers([getDecision]),
        CertificateListsController,
        TrustedRootsController,
        FlowsController,
        MessageProcessingLogsController,
        DecisionsController,
        ConnectivityTestsController,
        AdminTokensController,
        SubscribersController,
        StateController,
        AuditController,
        OpenApiController,
        VersionController,
        DocsController,
        HealthController,
      ],
      providers: [
        { provide: RequestClient, useValue: shell.requests },
        { provide: Destinations, useValue: destinations },
        { provide: onFaultToken, useValue: shell.onFault },
        { provide: notReadyToken, useValue: notReady },
        { provide: APP_GUARD, useClass: AdministratorGuard },
      ],
    };
  }
}
