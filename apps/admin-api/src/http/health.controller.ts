import { Controller, Get, Inject, Res } from '@nestjs/common';
import { OpenToAll } from './administrator.js';
import type { Reply } from './problem-filter.js';

export const notReadyToken = Symbol('what keeps the API from being ready');

@Controller()
@OpenToAll()
export class HealthController {
  constructor(@Inject(notReadyToken) private readonly notReady: () => readonly string[]) {}

  @Get('livez')
  live() {
    return { service: 'admin-api', status: 'ok' };
  }

  @Get('readyz')
  ready(@Res({ passthrough: true }) reply: Reply) {
    const missing = this.notReady();
    if (missing.length === 0) return { service: 'admin-api', status: 'ok' };
    reply.status(503);
    return { service: 'admin-api', status: 'not ready', missing };
  }
}
