import { rebuildState, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { RebuildState } from './rebuild-state.js';

@Controller()
export class RebuildStateHandler {
  constructor(private readonly useCase: RebuildState) {}

  @Handles(rebuildState)
  handle(): Promise<ResponseOf<typeof rebuildState>> {
    return this.useCase.execute();
  }
}
