import { checkAnswer } from './check-answer.js';

/** An answer of the admin API; `body` is parsed JSON, or undefined when there is none. */
export interface AdminAnswer<Body> {
  readonly status: number;
  readonly contentType: string;
  readonly body: Body;
  readonly bytes: Buffer;
}

/** Members of a problem document the tests look at. */
export interface Problem {
  readonly type: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly violations?: readonly { readonly field: string; readonly message: string }[];
  readonly users?: {
    readonly serviceInstances: readonly { readonly id: string; readonly name: string }[];
    readonly flows: readonly { readonly id: string; readonly name: string }[];
  };
  readonly [member: string]: unknown;
}

/** The admin API over HTTP, with a token. Every answer is held against the description of the API. */
export class AdminClient {
  constructor(
    private readonly url: string,
    private readonly token: string | undefined,
  ) {}

  /** @param body text and bytes are sent as they are, anything else as JSON */
  async request<Body = Problem>(
    method: string,
    path: string,
    body?: unknown,
    contentType = 'application/json',
    headers: Readonly<Record<string, string>> = {},
  ): Promise<AdminAnswer<Body>> {
    const raw = typeof body === 'string' || body instanceof Uint8Array;
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
        ...(body === undefined ? {} : { 'content-type': contentType }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: raw ? (body as BodyInit) : JSON.stringify(body) }),
      signal: AbortSignal.timeout(40_000),
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    const type = response.headers.get('content-type') ?? '';
    const parsed: unknown = /json/.test(type) && bytes.length > 0 ? JSON.parse(bytes.toString('utf8')) : undefined;
    const answer = { status: response.status, contentType: type, body: parsed as Body, bytes };
    checkAnswer(method, path, answer);
    return answer;
  }

  /** @throws Error with the answer when it has another status */
  async expect<Body>(
    status: number,
    method: string,
    path: string,
    body?: unknown,
    contentType?: string,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Body> {
    const answer = await this.request<Body>(method, path, body, contentType, headers);
    if (answer.status === status) return answer.body;
    throw new Error(
      `${method} ${path} answered ${answer.status} instead of ${status}: ${answer.bytes.toString('utf8').slice(0, 1_000)}`,
    );
  }
}
