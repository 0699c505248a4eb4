import { compareState, type ResponseOf, type StateWriter } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller, type Type } from '@nestjs/common';
import { CompareState } from './compare-state.js';

/** Answers the comparison of a writing service's records with its tables. */
export function compareStateController(writer: StateWriter): Type {
  const contract = compareState[writer];

  @Controller()
  class CompareStateController {
    constructor(private readonly useCase: CompareState) {}

    @Handles(contract)
    handle(): Promise<ResponseOf<typeof contract>> {
      return this.useCase.execute();
    }
  }
  return CompareStateController;
}
