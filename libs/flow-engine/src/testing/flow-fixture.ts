import { compileFlow } from '../compile/compile-flow.js';
import { FlowDefinitionError, type FlowProblem, FlowProcessingError } from '../error/flow-errors.js';
import { Message } from '../message/message.js';
import type {
  DataStoreEntry,
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
  readonly requests: HttpRequest[] = [];
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
    this.requests.push(request);
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

export class MemoryDataStore implements DataStorePort {
  readonly entries = new Map<string, DataStoreEntry>();

  write(name: { store: string; visibility: string }, entry: DataStoreEntry, options: { overwrite: boolean }): void {
    const key = `${name.visibility}/${name.store}/${entry.id}`;
    if (this.entries.has(key) && !options.overwrite)
      throw new FlowProcessingError('data-store-duplicate', `The entry ${entry.id} exists.`);
    this.entries.set(key, entry);
  }

  get(name: { store: string; visibility: string }, id: string): DataStoreEntry | undefined {
    return this.entries.get(`${name.visibility}/${name.store}/${id}`);
  }

  select(name: { store: string; visibility: string }, maximum: number): DataStoreEntry[] {
    return [...this.entries]
      .filter(([key]) => key.startsWith(`${name.visibility}/${name.store}/`))
      .slice(0, maximum)
      .map(([, entry]) => entry);
  }

  delete(name: { store: string; visibility: string }, ids: readonly string[]): void {
    for (const id of ids) this.entries.delete(`${name.visibility}/${name.store}/${id}`);
  }
}

export class MemoryVariables implements VariablePort {
  readonly values = new Map<string, string>();
  #number = 0;

  get(name: string, scope: string): string | undefined {
    return this.values.get(`${scope}/${name}`);
  }

  set(name: string, scope: string, value: string): void {
    this.values.set(`${scope}/${name}`, value);
  }

  nextNumber(): string {
    return String(++this.#number).padStart(4, '0');
  }
}
