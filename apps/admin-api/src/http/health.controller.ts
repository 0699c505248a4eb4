import { Readiness } from '@sluice/service-shell';
import { Controller, Get, Res } from '@nestjs/common';
import { OpenToAll } from './administrator.js';
import type { Reply } from './problem-filter.js';

@Controller()
@OpenToAll()
export class HealthController {
  constructor(private readonly readiness: Readiness) {}

  @Get('livez')
  live() {
    return { service: 'admin-api', status: 'ok' };
  }

  @Get('readyz')
  ready(@Res({ passthrough: true }) reply: Reply) {
    const missing = this.readiness.problems;
    if (missing.length === 0) return { service: 'admin-api', status: 'ok' };
    reply.status(503);
    return { service: 'admin-api', status: 'not ready', missing };
  }
}
