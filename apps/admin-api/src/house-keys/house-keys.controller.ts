import { resealKeys } from '@sluice/contracts';
import { RequestClient } from '@sluice/messaging';
import { Controller, HttpCode, Post } from '@nestjs/common';
import { Actor } from '../http/administrator.js';

type Who = { name: string };

/** Rotation of the keys that are the house's own: those that no sender and no caller ever sees. */
@Controller('v1')
export class HouseKeysController {
  constructor(private readonly requests: RequestClient) {}

  @Post('master-key/reseal')
  @HttpCode(200)
  reseal(@Actor() actor: Who) {
    return this.requests.call(resealKeys, { actor });
  }
}
