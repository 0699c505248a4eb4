import { resealKeys, resignRecords } from '@sluice/contracts';
import { RequestClient } from '@sluice/messaging';
import { Controller, HttpCode, Post, Query } from '@nestjs/common';
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

  @Post('record-key/resign')
  @HttpCode(200)
  resign(@Actor() actor: Who, @Query('after') after: string | undefined) {
    return this.requests.call(resignRecords, { actor, after: after === undefined ? 0 : Number(after) });
  }
}
