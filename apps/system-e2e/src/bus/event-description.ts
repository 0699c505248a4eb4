import { Ajv, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { ReceivedEvent } from './event-subscription.js';

const file = join(import.meta.dirname, '..', '..', '..', '..', 'docs', 'asyncapi.yaml');

interface Document {
  readonly channels: Readonly<Record<string, { readonly address: string }>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

/** docs/asyncapi.yaml as a subscriber reads it, held against real messages. */
export class EventDescription {
  readonly #validators = new Map<string, ValidateFunction>();
  readonly #headers: ValidateFunction;

  private constructor(document: Document) {
    const ajv = addFormats.default(new Ajv({ strict: false, allErrors: true }));
    for (const [name, { address }] of Object.entries(document.channels)) {
      this.#validators.set(address, ajv.compile(closed(document.components.schemas[name] as object)));
    }
    this.#headers = ajv.compile(document.components.schemas['headers'] as object);
  }

  static read(): EventDescription {
    return new EventDescription(parse(readFileSync(file, 'utf8')) as Document);
  }

  /** What in a message is not as described, one sentence each. */
  faultsOf({ subject, event, headers }: ReceivedEvent): string[] {
    const validate = this.#validators.get(subject);
    if (!validate) return [`${subject} is not described`];
    const faults = (validator: ValidateFunction, value: unknown, what: string) =>
      validator(value)
        ? []
        : (validator.errors ?? []).map(
            (error) => `${subject}: ${what}${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`,
          );
    return [...faults(validate, event, 'event'), ...faults(this.#headers, headers, 'headers')];
  }
}

/** The same schema without room for members it does not name: what we send is to be described whole. */
function closed<T>(schema: T): T {
  if (Array.isArray(schema)) return schema.map(closed) as T;
  if (typeof schema !== 'object' || schema === null) return schema;
  const inner: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(schema)) inner[key] = closed(value as unknown);
  return (inner['type'] === 'object' && 'properties' in inner ? { ...inner, additionalProperties: false } : inner) as T;
}
