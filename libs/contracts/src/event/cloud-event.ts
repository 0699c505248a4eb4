import { z } from 'zod';
import { timestamp } from '../request/shapes.js';

/**
 * CloudEvents 1.0.2 in structured JSON. The content type goes into the NATS header, `Nats-Msg-Id` is source + id.
 * https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
 */
export const cloudEvent = z.object({
  specversion: z.literal('1.0'),
  id: z.string().min(1),
  source: z.string().min(1),
  type: z.string().regex(/^dev\.sluice\.[a-z-]+\.[a-z-]+\.v\d+$/),
  subject: z.string().min(1),
  time: timestamp,
  datacontenttype: z.literal('application/json'),
  traceparent: z.string().optional(),
  data: z.record(z.string(), z.unknown()),
});
export type CloudEvent = z.infer<typeof cloudEvent>;

export const cloudEventContentType = 'application/cloudevents+json; charset=UTF-8';
export const eventStream = 'SLUICE_EVENTS';
export const eventSubjectPrefix = 'sluice.events.';
/** Where the services reach the JetStream API of the account that holds the event stream. */
export const eventApiPrefix = 'sluice.events-api';
/** NATS header: the place of an event in its service's own order, by which a relay tells what was published before it. */
export const outboxPositionHeader = 'Sluice-Outbox-Position';
