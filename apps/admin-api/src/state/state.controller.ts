import { compareState, showStateComparison, type StateWriter } from '@sluice/contracts';
import { RequestClient } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Serves } from '../http/serves.js';

const writers = Object.keys(compareState) as StateWriter[];

/** Care for the state stream, from which all decisions are made. */
@Controller()
export class StateController {
  constructor(private readonly requests: RequestClient) {}

  /** Each writing service compares its records with its tables. */
  @Serves(showStateComparison)
  async compare() {
    const services = await Promise.all(
      writers.map(async (service) => ({ service, ...(await this.requests.call(compareState[service], {})) })),
    );
    return { differing: services.reduce((sum, { differing }) => sum + differing, 0), services };
  }
}
