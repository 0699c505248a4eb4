import { compareState, type ResponseOf, type StateWriter } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller, type Type } from '@nestjs/common';
import type { CompareState } from './compare-state.js';

/** The handler of a writing service, for its module. */
export function compareStateHandler(writer: StateWriter, useCase: CompareState): Type {
  const contract = compareState[writer];

  @Controller()
  class CompareStateHandler {
    @Handles(contract)
    handle(): Promise<ResponseOf<typeof contract>> {
      return useCase.execute();
    }
  }
  return CompareStateHandler;
}
