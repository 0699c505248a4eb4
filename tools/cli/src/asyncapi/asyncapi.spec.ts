import { describe, expect, it } from '@jest/globals';
import { eventSubject, eventType, eventTypes, type EventName } from '@sluice/contracts';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parse } from 'yaml';
import { renderAsyncApi } from './render-document.js';

interface Document {
  readonly channels: Readonly<Record<string, { readonly address: string; readonly description?: string }>>;
  readonly components: {
    readonly messages: Readonly<Record<string, { readonly name: string; readonly summary?: string }>>;
    readonly schemas: Readonly<Record<string, object>>;
  };
}

const text = readFileSync(join(import.meta.dirname, '..', '..', '..', '..', 'docs', 'asyncapi.yaml'), 'utf8');
const document = parse(text) as Document;
const names = Object.keys(eventTypes) as EventName[];
const load = createRequire(import.meta.url);

describe('docs/asyncapi.yaml', () => {
  it('is what the schemas of the events say: npm run asyncapi writes it', async () => {
    expect(text).toBe(await renderAsyncApi());
  });

  it('is valid AsyncAPI 3', () => {
    // The file brings the draft 07 metaschema that payloads are checked against; Ajv's own would be a second one.
    const ajv = addFormats.default(new Ajv({ strict: false, meta: false, validateSchema: false }));
    const validate = ajv.compile(load('@asyncapi/specs/schemas/3.0.0.json') as object);
    validate(document);
    expect(validate.errors ?? []).toEqual([]);
    validate({ ...document, channels: { broken: { address: 7 } } });
    expect(validate.errors).not.toBeNull();
  });

  it.each(names)('describes %s in words and by a schema', (name) => {
    expect(document.channels[name]).toMatchObject({ address: eventSubject(name) });
    expect(document.channels[name]?.description ?? '').toMatch(/^[A-Z].{20,}\.$/);
    expect(document.components.messages[name]).toMatchObject({ name: eventType(name) });
    expect(document.components.schemas[name]).toMatchObject({
      type: 'object',
      properties: { data: { type: 'object' } },
    });
  });

  it('refuses an event whose data lacks a member, and takes one with a member more', () => {
    const validate = addFormats
      .default(new Ajv({ strict: false }))
      .compile(document.components.schemas['user-role.created'] as object);
    const event = (data: object) => ({
      specversion: '1.0',
      id: '1',
      source: '/sluice/authorization',
      type: 'dev.sluice.user-role.created.v1',
      subject: 'Orders.write',
      time: '2026-01-01T00:00:00.000Z',
      datacontenttype: 'application/json',
      data,
    });
    const userRole = { name: 'Orders.write', description: '' };
    expect(validate(event({ actor: 'initial', userRole, later: 1 }))).toBe(true);
    expect(validate(event({ actor: 'initial' }))).toBe(false);
  });
});
