import { compareState, rebuildState, type StateWriter } from '@sluice/contracts';
import { RequestClient } from '@sluice/messaging';
import { Controller, Get, HttpCode, Post } from '@nestjs/common';
import { Actor } from '../http/administrator.js';

type Who = { name: string };

const writers = Object.keys(compareState) as StateWriter[];

/** Care for the state stream, from which all decisions are made. */
@Controller('v1/state')
export class StateController {
  constructor(private readonly requests: RequestClient) {}

  /** Each writing service compares its records with its tables. */
  @Get('comparison')
  async compare() {
    const services = await Promise.all(
      writers.map(async (service) => ({ service, ...(await this.requests.call(compareState[service], {})) })),
    );
    return { differing: services.reduce((sum, { differing }) => sum + differing, 0), services };
  }

  @Post('rebuild')
  @HttpCode(202)
  rebuild(@Actor() actor: Who) {
    return this.requests.call(rebuildState, { actor });
  }
}
