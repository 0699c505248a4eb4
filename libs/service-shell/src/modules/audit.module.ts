import type { StateWriter } from '@sluice/contracts';
import { Module, type DynamicModule } from '@nestjs/common';
import { auditControllers } from '../audit.controllers.js';

/** Shows a service's audit trail. Needs `DatabaseModule`. */
@Module({})
export class AuditModule {
  static forRoot(writer: StateWriter): DynamicModule {
    return { module: AuditModule, controllers: auditControllers(writer) };
  }
}
