import { AuditModule, DatabaseModule, PublishedChangesModule, StateModule } from '@sluice/service-shell';
import { Module } from '@nestjs/common';
import { AdaptersModule } from './adapters/adapters.module.js';
import { DecisionsModule } from './decisions/decisions.module.js';
import { EventLoopModule } from './event-loop/event-loop.module.js';
import { FlowsModule } from './flows/flows.module.js';
import { FrontDoorModule } from './front-door/front-door.module.js';
import { MessagesModule } from './messages/messages.module.js';
import { allRecords } from './persistence/all-records.js';
import { entities, schema } from './persistence/entities.js';
import { migrations } from './persistence/migrations.js';
import { ReceiverCredentialsModule } from './receiver-credentials/receiver-credentials.module.js';
import { WorkersModule } from './workers/workers.module.js';

const writer = 'flow-runtime';

@Module({
  imports: [
    DatabaseModule.forRoot({ schema, entities, migrations }),
    StateModule.forRoot({ holds: ['flow', 'receiver-credential', 'role', 'root', 'ca', 'token-key'], leases: true }),
    PublishedChangesModule.forRoot({ writer, records: allRecords }),
    AuditModule.forRoot(writer),
    ReceiverCredentialsModule,
    EventLoopModule,
    WorkersModule,
    MessagesModule,
    AdaptersModule,
    FlowsModule,
    DecisionsModule,
    FrontDoorModule,
  ],
})
export class AppModule {}
