import { compileFlow } from '../compile/compile-flow.js';
import { FlowDefinitionError, type FlowProblem } from '../error/flow-errors.js';
import { FlowProcessingError } from '@sluice/domain';
import { Message } from '../message/message.js';
import { isStreamedBody } from '../message/streamed-body.js';
import type {
  DataStoreEntry,
  DataStoreName,
  DataStorePort,
  FlowPorts,
  HttpPort,
  HttpRequest,
  HttpResponse,
  VariablePort,
} from '../port/flow-ports.js';
import { readFlowDefinition } from '../reader/read-flow-definition.js';
import type { FlowOutcome } from '../run/flow-outcome.js';
import type { RunOptions } from '../run/flow-run.js';
import { runFlow } from '../run/run-flow.js';

/** 2026-03-05T06:07:08.009Z */
export const NOW = Date.UTC(2026, 2, 5, 6, 7, 8, 9);
const encoder = new TextEncoder();

export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Ports with a fixed clock and counted ids, and whatever a test adds. */
export function fixedPorts(more: Partial<FlowPorts> = {}): FlowPorts {
  let id = 0;
  return { now: () => NOW, newId: () => `id-${++id}`, ...more };
}

/** A native flow with these steps (YAML list items). */
export function flowWith(steps: string, head = ''): string {
  return `name: test\nsender: {adapter: HTTPS, address: /test}\n${head}steps:\n${steps.replace(/^/gm, '  ')}\n`;
}

export async function runNative(
  yaml: string,
  message: Message | string,
  ports: Partial<FlowPorts> = {},
  options: RunOptions = {},
): Promise<FlowOutcome> {
  const { definition } = readFlowDefinition({ mediaType: 'application/yaml', content: utf8(yaml) });
  // What runs must be what survives storage.
  const flow = compileFlow(JSON.parse(JSON.stringify(definition)) as typeof definition);
  return await runFlow(
    flow,
    typeof message === 'string' ? new Message({ body: message }) : message,
    fixedPorts(ports),
    options,
  );
}

/** Runs steps and gives the body, which must be there. */
export async function bodyAfter(
  steps: string,
  body: string,
  ports: Partial<FlowPorts> = {},
  head = '',
): Promise<string> {
  const outcome = await runNative(flowWith(steps, head), body, ports);
  if (outcome.error !== undefined) throw new Error(`${outcome.error.code}: ${outcome.error.message}`);
  return outcome.message.text();
}

export async function failureOf(
  steps: string,
  body: string,
  ports: Partial<FlowPorts> = {},
  head = '',
): Promise<string> {
  const outcome = await runNative(flowWith(steps, head), body, ports);
  return outcome.error?.code ?? outcome.status;
}

export function problemsOf(yaml: string): readonly FlowProblem[] {
  try {
    readFlowDefinition({ mediaType: 'application/yaml', content: utf8(yaml) });
    return [];
  } catch (error) {
    if (error instanceof FlowDefinitionError) return error.problems;
    throw error;
  }
}

/** Receivers by address; keeps what they were sent. */
export class FakeHttp implements HttpPort {
  readonly requests: (HttpRequest & { readonly body: Uint8Array | null })[] = [];
  readonly #answers: Readonly<
    Record<string, (request: HttpRequest) => Partial<Omit<HttpResponse, 'body'>> & { body?: string | Uint8Array }>
  >;

  constructor(answers: FakeHttp['answers']) {
    this.#answers = answers;
  }

  declare readonly answers: Readonly<
    Record<string, (request: HttpRequest) => Partial<Omit<HttpResponse, 'body'>> & { body?: string | Uint8Array }>
  >;

  send(request: HttpRequest): HttpResponse {
    const { body: sent } = request;
    if (isStreamedBody(sent)) throw new Error('This receiver takes whole bodies.');
    this.requests.push({ ...request, body: sent });
    const address = request.url.split('?')[0] as string;
    const answer = this.#answers[address]?.(request);
    if (answer === undefined) throw new FlowProcessingError('receiver-failed', `Nothing listens on ${address}.`);
    const body = answer.body ?? '';
    return {
      status: answer.status ?? 200,
      headers: answer.headers ?? {},
      body: typeof body === 'string' ? utf8(body) : body,
    };
  }
}

const DAY = 86_400_000;

/** What all flows of a test have stored, and the clock that decides what has expired. */
export class MemoryStores {
  readonly entries = new Map<string, DataStoreEntry & { readonly expiresAt: number }>();
  readonly values = new Map<string, { readonly value: string; readonly expiresAt: number }>();
  readonly numbers = new Map<string, number>();
  now = NOW;
}

export class MemoryDataStore implements DataStorePort {
  readonly stores: MemoryStores;
  readonly flowId: string;

  constructor(stores = new MemoryStores(), flowId = 'flow') {
    this.stores = stores;
    this.flowId = flowId;
  }

  get entries(): ReadonlyMap<string, DataStoreEntry> {
    return this.stores.entries;
  }

  write(name: DataStoreName, entry: DataStoreEntry, options: { overwrite: boolean; expirationDays: number }): void {
    const key = this.#key(name, entry.id);
    if (this.get(name, entry.id) !== undefined && !options.overwrite)
      throw new FlowProcessingError('data-store-duplicate', `The entry ${entry.id} exists.`);
    this.stores.entries.set(key, { ...entry, expiresAt: this.stores.now + options.expirationDays * DAY });
  }

  get(name: DataStoreName, id: string): DataStoreEntry | undefined {
    const entry = this.stores.entries.get(this.#key(name, id));
    return entry !== undefined && entry.expiresAt > this.stores.now ? entry : undefined;
  }

  select(name: DataStoreName, maximum: number): DataStoreEntry[] {
    return [...this.stores.entries]
      .filter(([key, { expiresAt }]) => key.startsWith(this.#key(name, '')) && expiresAt > this.stores.now)
      .slice(0, maximum)
      .map(([, entry]) => entry);
  }

  delete(name: DataStoreName, ids: readonly string[]): void {
    for (const id of ids) this.stores.entries.delete(this.#key(name, id));
  }

  #key(name: DataStoreName, id: string): string {
    return `${name.visibility === 'local' ? `local:${this.flowId}` : 'global'}/${name.store}/${id}`;
  }
}

export class MemoryVariables implements VariablePort {
  readonly stores: MemoryStores;
  readonly flowId: string;

  constructor(stores = new MemoryStores(), flowId = 'flow') {
    this.stores = stores;
    this.flowId = flowId;
  }

  /** Values by scope and name. */
  get values(): ReadonlyMap<string, string> {
    return new Map([...this.stores.values].map(([key, { value }]) => [key.replace(`:${this.flowId}`, ''), value]));
  }

  get(name: string, scope: 'local' | 'global'): string | undefined {
    const found = this.stores.values.get(this.#key(name, scope));
    return found !== undefined && found.expiresAt > this.stores.now ? found.value : undefined;
  }

  set(name: string, scope: 'local' | 'global', value: string, expirationDays: number): void {
    this.stores.values.set(this.#key(name, scope), { value, expiresAt: this.stores.now + expirationDays * DAY });
  }

  nextNumber(range: string): string {
    const next = (this.stores.numbers.get(range) ?? 0) + 1;
    this.stores.numbers.set(range, next);
    return String(next).padStart(4, '0');
  }

  #key(name: string, scope: 'local' | 'global'): string {
    return `${scope === 'local' ? `local:${this.flowId}` : 'global'}/${name}`;
  }
}
