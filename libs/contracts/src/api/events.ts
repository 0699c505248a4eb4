import { z } from 'zod';
import { defineHttpOperation } from '../operation/operation.js';

/** Server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html */
export const eventStreamMediaType = 'text/event-stream';
/** The `event` of a message that tells a reader to read everything anew: what came before cannot be known. */
export const beginAnew = 'begin-anew';
/** Earlier events that may be asked for. */
export const maxEarlierEvents = 500;

export const followEvents = defineHttpOperation('followEvents', {
  method: 'GET',
  needs: 'Monitoring.read',
  path: '/v1/events',
  query: {
    earlier: z.coerce.number().int().min(0).max(maxEarlierEvents).default(0).meta({
      description:
        'So many of the newest events come first. With `Last-Event-ID`, those since then come in their place.',
    }),
  },
  headers: ['lastEventId'],
  tag: 'Administration',
  summary: 'Tells events as they happen.',
  description: `Tells events as they happen, as server-sent events: \`data\` is the CloudEvent in JSON, \`id\` its place. Who was cut off connects again with the last \`id\` in \`Last-Event-ID\` and
misses nothing; where what came in between cannot be told any more, the first message is the event \`${beginAnew}\`. A comment comes every 10 seconds; who takes nothing for a minute is cut off. The stream ends when the caller's token, session or right does. Whoever must not miss one subscribes over NATS.`,
  answerMediaType: eventStreamMediaType,
  errors: ['overloaded'],
});
