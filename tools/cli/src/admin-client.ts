/** An answer of the admin API that is no success. */
export class AdminApiError extends Error {
  override readonly name = 'AdminApiError';

  constructor(
    readonly status: number,
    readonly problem: { readonly detail?: string; readonly title?: string; readonly code?: string },
  ) {
    super(problem.detail ?? problem.title ?? `The admin API answered ${status}.`);
  }
}

/** Calls the admin API as any administrator's program would. */
export class AdminClient {
  constructor(
    private readonly url: string,
    private readonly token: string,
  ) {}

  /** @throws AdminApiError; Error when nobody answers */
  async call<T = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    contentType = 'application/json',
  ): Promise<T> {
    const response = await this.#fetch(method, path, body, contentType);
    const text = await response.text();
    const answer = text === '' ? {} : (JSON.parse(text) as unknown);
    if (!response.ok) throw new AdminApiError(response.status, answer as AdminApiError['problem']);
    return answer as T;
  }

  async download(path: string): Promise<Uint8Array> {
    const response = await this.#fetch('GET', path);
    if (!response.ok) throw new AdminApiError(response.status, {});
    return new Uint8Array(await response.arrayBuffer());
  }

  async #fetch(method: string, path: string, body?: unknown, contentType?: string): Promise<Response> {
    try {
      return await fetch(`${this.url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${this.token}`,
          ...(body === undefined ? {} : { 'content-type': contentType ?? '' }),
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
    } catch (error) {
      throw new Error(`Nobody answers at ${this.url}: is the stack running?`, { cause: error });
    }
  }
}
