import type { JetStreamManager } from '@nats-io/jetstream';
import type { DynamicModule, Type } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { CheckFlowHandler } from './check-flow/check-flow.handler.js';
import { CheckFlow } from './check-flow/check-flow.js';
import { DeleteReceiverCredentialHandler } from './delete-receiver-credential/delete-receiver-credential.handler.js';
import { DeleteReceiverCredential } from './delete-receiver-credential/delete-receiver-credential.js';
import { DeployFlowHandler, flowUrlToken } from './deploy-flow/deploy-flow.handler.js';
import { DeployFlow } from './deploy-flow/deploy-flow.js';
import { FlowPresence } from './deployed-flows/flow-presence.js';
import { ReportRuntime } from './deployed-flows/report-runtime.js';
import { GetDecisionHandler, jetStreamManagerToken } from './get-decision/get-decision.handler.js';
import { GetFlowHandler } from './get-flow/get-flow.handler.js';
import { GetMessageAttachmentHandler } from './get-message-attachment/get-message-attachment.handler.js';
import { GetMessageProcessingLogHandler } from './get-message-processing-log/get-message-processing-log.handler.js';
import { ImportFlowsHandler } from './import-flows/import-flows.handler.js';
import { ImportFlows } from './import-flows/import-flows.js';
import { GetReceiverCredentialHandler } from './get-receiver-credential/get-receiver-credential.handler.js';
import { ListFlowsAskingRoleHandler } from './list-flows-asking-role/list-flows-asking-role.handler.js';
import { ListFlowsHandler } from './list-flows/list-flows.handler.js';
import { ListMessageProcessingLogsHandler } from './list-message-processing-logs/list-message-processing-logs.handler.js';
import { ListReceiverCredentialsHandler } from './list-receiver-credentials/list-receiver-credentials.handler.js';
import { PutReceiverCredentialHandler } from './put-receiver-credential/put-receiver-credential.handler.js';
import { PutReceiverCredential } from './put-receiver-credential/put-receiver-credential.js';
import { ReadMessages } from './record-message/read-messages.js';
import { UndeployFlowHandler } from './undeploy-flow/undeploy-flow.handler.js';
import { UndeployFlow } from './undeploy-flow/undeploy-flow.js';

export interface AppParts {
  readonly dataSource: DataSource;
  readonly deployFlow: DeployFlow;
  readonly checkFlow: CheckFlow;
  readonly importFlows: ImportFlows;
  readonly undeployFlow: UndeployFlow;
  readonly presence: FlowPresence;
  readonly runtimes: ReportRuntime;
  readonly messages: ReadMessages;
  readonly putReceiverCredential: PutReceiverCredential;
  readonly deleteReceiverCredential: DeleteReceiverCredential;
  readonly manager: JetStreamManager;
  readonly flowUrl: string;
  /** Handlers that every writing service has. */
  readonly sharedHandlers: readonly Type[];
}

export class AppModule {
  static with(parts: AppParts): DynamicModule {
    return {
      module: AppModule,
      controllers: [
        DeployFlowHandler,
        CheckFlowHandler,
        ImportFlowsHandler,
        GetFlowHandler,
        ListFlowsHandler,
        UndeployFlowHandler,
        ListFlowsAskingRoleHandler,
        ListMessageProcessingLogsHandler,
        GetMessageProcessingLogHandler,
        GetMessageAttachmentHandler,
        GetDecisionHandler,
        ...parts.sharedHandlers,
        PutReceiverCredentialHandler,
        GetReceiverCredentialHandler,
        ListReceiverCredentialsHandler,
        DeleteReceiverCredentialHandler,
      ],
      providers: [
        { provide: DataSource, useValue: parts.dataSource },
        { provide: DeployFlow, useValue: parts.deployFlow },
        { provide: CheckFlow, useValue: parts.checkFlow },
        { provide: ImportFlows, useValue: parts.importFlows },
        { provide: UndeployFlow, useValue: parts.undeployFlow },
        { provide: FlowPresence, useValue: parts.presence },
        { provide: ReportRuntime, useValue: parts.runtimes },
        { provide: ReadMessages, useValue: parts.messages },
        { provide: PutReceiverCredential, useValue: parts.putReceiverCredential },
        { provide: DeleteReceiverCredential, useValue: parts.deleteReceiverCredential },
        { provide: jetStreamManagerToken, useValue: parts.manager },
        { provide: flowUrlToken, useValue: parts.flowUrl },
      ],
    };
  }
}
