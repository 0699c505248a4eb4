import { eventStreamMediaType, followEvents } from '@sluice/contracts';
import { countedAs } from '@sluice/domain';
import { Controller, Req, Res, StreamableFile } from '@nestjs/common';
import {
  authenticate,
  Authentication,
  requireRight,
  watchingHeader,
  type AuthenticatedRequest,
} from '../http/administrator.js';
import { Given } from '../http/given.js';
import type { Reply } from '../http/problem-filter.js';
import { Serves } from '../http/serves.js';
import { LiveEvents } from './live-events.js';

/** Events as they happen, for pages. */
@Controller()
export class LiveEventsController {
  constructor(
    private readonly events: LiveEvents,
    private readonly authentication: Authentication,
  ) {}

  @Serves(followEvents)
  async follow(
    @Given() { earlier, lastEventId }: { earlier: number; lastEventId?: string },
    @Req() request: AuthenticatedRequest,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<StreamableFile> {
    const { name = '', makers } = request.administrator ?? {};
    const stream = await this.events.open({
      countedAs: countedAs({ name, makers }),
      earlier,
      lastEventId,
      mayRead: async () => {
        const { raw, method, ip, certificate } = request;
        const again: AuthenticatedRequest = {
          method,
          headers: { ...request.headers, [watchingHeader]: 'yes' },
          certificate,
          ...(raw ? { raw } : {}),
          ...(ip ? { ip } : {}),
        };
        await authenticate(this.authentication, again);
        requireRight(followEvents, again.administrator);
      },
    });
    // Of a reader that went away without a word the next message would be the first to notice.
    request.raw?.socket?.once('end', () => stream.destroy());
    reply.header('cache-control', 'no-store');
    // Of nginx: what is gathered there comes late.
    reply.header('x-accel-buffering', 'no');
    return new StreamableFile(stream, { type: eventStreamMediaType });
  }
}
