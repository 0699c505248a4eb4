import { parametersOf, type HttpOperation, type Operation } from '@sluice/contracts';
import type { ErrorCode } from '@sluice/domain';

/** An operation of the admin API: as it is defined, or as the request of the bus that it is. */
export type Called<Input = unknown, Answer = unknown> =
  Operation<Input, Answer> | { readonly http: Operation<Input, Answer> };
/** What a caller gives: the parameters of path and query, and the members of the body, in one object. */
export type InputOf<O> = O extends Called<infer Input, unknown> ? Input : never;
/** What a caller gets: the parsed body. */
export type AnswerOf<O> = O extends Called<never, infer Answer> | Called<unknown, infer Answer> ? Answer : never;

/** A problem document (RFC 9457) of the admin API. */
export interface Problem {
  readonly type?: string;
  readonly title?: string;
  readonly status?: number;
  readonly detail?: string;
  readonly code?: ErrorCode;
  readonly violations?: readonly { readonly field: string; readonly message: string }[];
  readonly [member: string]: unknown;
}

/** An answer of the admin API that is no success. */
export class AdminApiError extends Error {
  override readonly name = 'AdminApiError';

  constructor(
    readonly status: number,
    readonly problem: Problem,
  ) {
    super(problem.detail ?? problem.title ?? `The admin API answered ${status}.`);
  }
}

export interface AdminClientOptions {
  /** Without a path: `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly token: string;
  /** A call that has no answer after this is given up, in milliseconds. */
  readonly timeoutMs?: number;
}

/** What is sent in place of JSON. */
export interface RawBody {
  readonly content: string | Uint8Array<ArrayBuffer>;
  readonly mediaType: string;
}

const defaultTimeoutMs = 70_000;

/** Calls the admin API, by the definitions of its operations. */
export class AdminClient {
  constructor(private readonly options: AdminClientOptions) {}

  /**
   * @returns the parsed body of a success; undefined when there is none
   * @throws AdminApiError for an answer that is no success; Error when nobody answers
   */
  async call<O extends Called<never> | Called>(operation: O, input: InputOf<O>): Promise<AnswerOf<O>> {
    const { body } = await this.#send(httpOf(operation), input as Record<string, unknown>);
    return body as AnswerOf<O>;
  }

  /** The same, with a body that is no JSON. */
  async send<O extends Called<never> | Called>(operation: O, input: InputOf<O>, raw: RawBody): Promise<AnswerOf<O>> {
    const { body } = await this.#send(httpOf(operation), input as Record<string, unknown>, raw);
    return body as AnswerOf<O>;
  }

  /** The octets of an answer that is no JSON. */
  async download<O extends Called<never> | Called>(operation: O, input: InputOf<O>): Promise<Uint8Array> {
    return (await this.#send(httpOf(operation), input as Record<string, unknown>)).bytes;
  }

  /** Every item of a list, page by page. */
  async *list<O extends Called<never> | Called>(
    operation: O,
    input: Omit<InputOf<O>, 'limit' | 'after'>,
  ): AsyncIterable<AnswerOf<O> extends { items: readonly (infer Item)[] } ? Item : never> {
    let after: string | undefined;
    do {
      const { body } = await this.#send(httpOf(operation), {
        ...input,
        limit: 1_000,
        ...(after === undefined ? {} : { after }),
      });
      const { items, next } = body as { items: never[]; next?: string };
      yield* items;
      after = next;
    } while (after !== undefined);
  }

  async #send(
    operation: HttpOperation,
    input: Readonly<Record<string, unknown>>,
    raw?: RawBody,
  ): Promise<{ body: unknown; bytes: Uint8Array }> {
    const { url, token, timeoutMs = defaultTimeoutMs } = this.options;
    const { target, body } = requestOf(operation, input);
    const json = body === undefined ? undefined : JSON.stringify(body);
    const type = raw?.mediaType ?? (json === undefined ? undefined : 'application/json');
    let response: Response;
    try {
      response = await fetch(new URL(target, url), {
        method: operation.method,
        headers: { authorization: `Bearer ${token}`, ...(type === undefined ? {} : { 'content-type': type }) },
        ...(type === undefined ? {} : { body: raw?.content ?? json ?? '' }),
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
      });
    } catch (error) {
      throw new Error(`Nobody answers at ${url}: is the stack running?`, { cause: error });
    }
    const bytes = new Uint8Array(await response.arrayBuffer());
    const isJson = /\bjson\b/.test(response.headers.get('content-type') ?? '');
    const parsed: unknown = isJson && bytes.length > 0 ? JSON.parse(new TextDecoder().decode(bytes)) : undefined;
    if (!response.ok) throw new AdminApiError(response.status, (parsed ?? {}) as Problem);
    return { body: parsed, bytes };
  }
}

function httpOf(operation: Called<never> | Called): HttpOperation {
  return 'http' in operation ? operation.http : operation;
}

/** Divides what a caller gives among path, query and body. */
function requestOf(
  operation: HttpOperation,
  input: Readonly<Record<string, unknown>>,
): { target: string; body: unknown } {
  const inPath = parametersOf(operation.path);
  const query = new URLSearchParams();
  const body: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(input)) {
    if (inPath.includes(name) || value === undefined) continue;
    if (Object.hasOwn(operation.query.shape, name)) query.set(name, String(value));
    else body[name] = value;
  }
  const path = operation.path.replace(/\{(\w+)\}/g, (_whole, name: string) => encodeURIComponent(String(input[name])));
  const search = query.size > 0 ? `?${query.toString()}` : '';
  const hasBody = operation.body?.schema !== undefined && !(operation.body.optional && Object.keys(body).length === 0);
  const whole = operation.body?.member;
  return { target: `${path}${search}`, body: hasBody ? (whole === undefined ? body : body[whole]) : undefined };
}
