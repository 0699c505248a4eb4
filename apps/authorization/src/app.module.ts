import {
  AuditModule,
  DatabaseModule,
  IdempotentAnswersModule,
  PublishedChangesModule,
  StateModule,
} from '@sluice/service-shell';
import { Module } from '@nestjs/common';
import { AdminTokensModule } from './admin-tokens/admin-tokens.module.js';
import { DecisionsModule } from './decisions/decisions.module.js';
import { entities, schema } from './persistence/entities.js';
import { migrations } from './persistence/migrations.js';
import { PeopleModule } from './people/people.module.js';
import { SubscribersModule } from './subscribers/subscribers.module.js';
import { allRecords } from './user-roles/user-role.record.js';
import { UserRolesModule } from './user-roles/user-roles.module.js';

const writer = 'authorization';

@Module({
  imports: [
    DatabaseModule.forRoot({ schema, entities, migrations }),
    StateModule.forRoot({ holds: ['role', 'flow'] }),
    PublishedChangesModule.forRoot({ writer, records: allRecords }),
    AuditModule.forRoot(writer),
    IdempotentAnswersModule.forRoot(),
    DecisionsModule,
    UserRolesModule,
    AdminTokensModule,
    PeopleModule,
    SubscribersModule,
  ],
})
export class AppModule {}
