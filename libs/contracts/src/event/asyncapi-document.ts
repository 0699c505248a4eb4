import { z } from 'zod';
import { cloudEvent, cloudEventContentType, eventStream, outboxPositionHeader } from './cloud-event.js';
import { eventDocumentation } from './event-documentation.js';
import { eventSubject, eventType, eventTypes, eventWriters, type EventName } from './event-types.js';

const description = `Everything an administrator changes in Sluice, and what ends by itself, as CloudEvents 1.0.2 in structured JSON.

The events are in the JetStream stream \`${eventStream}\` of the subscribers' account. Make a durable pull consumer on it, called by one
of the names that your identity may use, filtered by subject, and acknowledge what you have worked off. Each event is in the stream exactly once, in order for each thing
(\`subject\` is its id); a consumer that did not acknowledge gets it again, with the same \`id\`.

Members may be added to \`data\` at any time: ignore what you do not know. What cannot be added comes as a new version of the
type. No event holds a private key or a secret.`;

const headers = {
  type: 'object',
  required: ['content-type', 'Nats-Msg-Id', outboxPositionHeader],
  properties: {
    'content-type': { type: 'string', const: cloudEventContentType },
    'Nats-Msg-Id': { type: 'string', description: 'The `source` and the `id` of the event, one after the other.' },
    traceparent: { type: 'string', description: 'W3C Trace Context of the request that caused the event.' },
    [outboxPositionHeader]: {
      type: 'string',
      pattern: '^[0-9]+$',
      description: "The event's place in the order of the service that published it.",
    },
  },
} as const;

/** The AsyncAPI 3 description of the event stream, from the schemas that the services publish with. */
export function asyncApiDocument(): Record<string, unknown> {
  const names = Object.keys(eventTypes) as EventName[];
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Sluice events',
      version: '1',
      description,
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/cloudevents+json',
    servers: {
      bus: {
        host: 'localhost:4222',
        protocol: 'nats',
        description: 'NATS with TLS. Each subscriber has an nkey of its own and an inbox prefix: docs/subscribing.md.',
        security: [{ $ref: '#/components/securitySchemes/subscriber' }],
      },
    },
    channels: Object.fromEntries(
      names.map((name) => [
        name,
        {
          address: eventSubject(name),
          description: eventDocumentation[name],
          messages: { event: { $ref: `#/components/messages/${name}` } },
        },
      ]),
    ),
    operations: Object.fromEntries(
      names.map((name) => [
        `publish-${name}`,
        {
          action: 'send',
          channel: { $ref: `#/channels/${name}` },
          summary: `Published by ${writerOf(name)}.`,
          messages: [{ $ref: `#/channels/${name}/messages/event` }],
        },
      ]),
    ),
    components: {
      securitySchemes: {
        subscriber: { type: 'asymmetricEncryption', description: 'An nkey, registered by `POST /v1/subscribers`.' },
      },
      messages: Object.fromEntries(
        names.map((name) => [
          name,
          {
            name: eventType(name),
            title: name,
            summary: eventDocumentation[name],
            contentType: 'application/cloudevents+json',
            headers: { $ref: '#/components/schemas/headers' },
            payload: { $ref: `#/components/schemas/${name}` },
          },
        ]),
      ),
      schemas: { headers, ...Object.fromEntries(names.map((name) => [name, payload(name)])) },
    },
  };
}

function payload(name: EventName): Record<string, unknown> {
  const schema = cloudEvent.extend({
    source: z.literal(`/sluice/${writerOf(name)}`),
    type: z.literal(eventType(name)),
    data: eventTypes[name],
  });
  // The input side leaves objects open: a subscriber ignores members that are added later.
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: 'input', target: 'draft-7' });
  return rest;
}

function writerOf(name: EventName): string {
  const thing = name.slice(0, name.indexOf('.'));
  const writer = Object.entries(eventWriters).find(([, things]) => (things as readonly string[]).includes(thing));
  if (!writer) throw new Error(`No service may publish ${name}: name its thing in eventWriters.`);
  return writer[0];
}
