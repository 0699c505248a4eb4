import { describe, expect, it } from '@jest/globals';
import { asyncApiDocument } from './asyncapi-document.js';
import { eventNameOf, eventSubject, eventTypes, eventWriters } from './event-types.js';

interface Document {
  readonly channels: Record<string, { address: string; description: string; messages: { event: { $ref: string } } }>;
  readonly operations: Record<string, { channel: { $ref: string }; summary: string }>;
  readonly components: {
    messages: Record<string, { name: string; payload: { $ref: string } }>;
    schemas: Record<string, { properties: Record<string, { const?: string }>; additionalProperties?: boolean }>;
  };
}

const document = asyncApiDocument() as unknown as Document;
const names = Object.keys(eventTypes);

/** What a reference within the document points at. */
function resolve(reference: string): unknown {
  return reference
    .slice(2)
    .split('/')
    .reduce<unknown>((at, member) => (at as Record<string, unknown> | undefined)?.[member], document);
}

describe('the description of the events', () => {
  it('has a channel, an operation, a message and a schema for each event, and no other', () => {
    expect(Object.keys(document.channels)).toEqual(names);
    expect(Object.keys(document.operations)).toEqual(names.map((name) => `publish-${name}`));
    expect(Object.keys(document.components.messages)).toEqual(names);
    expect(Object.keys(document.components.schemas)).toEqual(['headers', ...names]);
  });

  it('refers to nothing that is not in it', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"(#[^"]+)"/g)].map(([, reference]) => reference);
    expect(references.length).toBeGreaterThan(4 * names.length);
    expect(references.filter((reference) => resolve(reference as string) === undefined)).toEqual([]);
  });

  it.each(names)('says of %s who publishes it, where, and with which type', (name) => {
    const [service, things] =
      Object.entries(eventWriters).find(([, each]) => (each as readonly string[]).includes(name.split('.')[0] ?? '')) ??
      [];
    expect(things).toBeDefined();
    expect(document.channels[name]?.address).toBe(eventSubject(name as keyof typeof eventTypes));
    expect(document.channels[name]?.description).not.toBe('');
    expect(document.operations[`publish-${name}`]?.summary).toBe(`Published by ${service}.`);
    expect(document.components.schemas[name]?.properties).toMatchObject({
      source: { const: `/sluice/${service}` },
      type: { const: `dev.sluice.${name}.v1` },
    });
  });

  it('leaves the data open, so that members may be added', () => {
    for (const name of names) expect(document.components.schemas[name]?.additionalProperties).not.toBe(false);
  });

  it('has subjects that lead back to the name of the event', () => {
    for (const name of names) expect(eventNameOf(eventSubject(name as keyof typeof eventTypes))).toBe(name);
  });
});
