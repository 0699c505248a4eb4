import { rebuildState, type ResponseOf, resignRecords, type DecodedRequestOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { RebuildState } from './rebuild-state.js';
import { Payload } from '@nestjs/microservices';
import { ResignRecords } from './resign-records.js';

@Controller()
export class StateController {
  constructor(
    private readonly rebuildState: RebuildState,
    private readonly resignRecords: ResignRecords,
  ) {}

  @Handles(rebuildState)
  rebuild(): Promise<ResponseOf<typeof rebuildState>> {
    return this.rebuildState.execute();
  }

  @Handles(resignRecords)
  resign(@Payload() { after }: DecodedRequestOf<typeof resignRecords>): Promise<ResponseOf<typeof resignRecords>> {
    return this.resignRecords.execute(after);
  }
}
