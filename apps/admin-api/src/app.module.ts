import { RequestClient } from '@sluice/messaging';
import { Destinations, type Shell } from '@sluice/service-shell';
import type { DynamicModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AdminTokensController } from './admin-tokens/admin-tokens.controller.js';
import { CertificateListsController } from './certificate-lists/certificate-lists.controller.js';
import { AuditController } from './audit/audit.controller.js';
import { ConnectivityTestsController, onFaultToken } from './connectivity-tests/connectivity-tests.controller.js';
import { CredentialsController } from './credentials/credentials.controller.js';
import { DecisionsController } from './decisions/decisions.controller.js';
import { FlowsController } from './flows/flows.controller.js';
import { AdministratorGuard } from './http/administrator.js';
import { HealthController, notReadyToken } from './http/health.controller.js';
import { IssuingCasController } from './issuing-cas/issuing-cas.controller.js';
import { MessageProcessingLogsController } from './message-processing-logs/message-processing-logs.controller.js';
import { OpenApiController } from './openapi/openapi.controller.js';
import { ServiceInstancesController } from './service-instances/service-instances.controller.js';
import { ServiceKeysController } from './service-keys/service-keys.controller.js';
import { HouseKeysController } from './house-keys/house-keys.controller.js';
import { StateController } from './state/state.controller.js';
import { SubscribersController } from './subscribers/subscribers.controller.js';
import { TrustedRootsController } from './trusted-roots/trusted-roots.controller.js';
import { UserRolesController } from './user-roles/user-roles.controller.js';

export class AppModule {
  static with(shell: Shell, destinations: Destinations, notReady: () => readonly string[]): DynamicModule {
    return {
      module: AppModule,
      controllers: [
        UserRolesController,
        ServiceInstancesController,
        ServiceKeysController,
        IssuingCasController,
        CertificateListsController,
        TrustedRootsController,
        FlowsController,
        CredentialsController,
        MessageProcessingLogsController,
        DecisionsController,
        ConnectivityTestsController,
        AdminTokensController,
        SubscribersController,
        StateController,
        HouseKeysController,
        AuditController,
        OpenApiController,
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
