import { authenticateAdministrator, type RequestContract } from '@sluice/contracts';
import type { RequestClient } from '@sluice/messaging';
import { allRights } from '@sluice/domain';
import { createLog, Metrics, Readiness, type Shell } from '@sluice/service-shell';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { settings } from '../config.js';
import { createHttpApp } from '../http/create-http-app.js';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Record<string, unknown> & { violations?: { field: string; message: string }[] };
}

/** What has no default; none of it is used. */
const required = { NATS_URL: 'nats://127.0.0.1:1', NATS_SEED_FILE: 'seed', NATS_CA_FILE: 'ca.pem', ADMIN_PORT: '0' };

/** The HTTP application with services that answer what a test says. The bus itself is in the tests from outside. */
export class HttpAppUnderTest {
  /** What the services were asked by the last call. */
  readonly asked: { subject: string; request: Record<string, unknown> }[] = [];
  readonly faults: unknown[] = [];
  /** What was logged as a warning. */
  readonly logged: unknown[][] = [];
  /** What authorization was asked about tokens. */
  readonly authenticated: Record<string, unknown>[] = [];
  /** What it refuses a token with. */
  refusal: ((request: Record<string, unknown>) => Error | undefined) | undefined;
  /** Of the token that every call comes with. */
  roles: string[] = [allRights];
  /** What the services answer; an Error is what they refuse with, and a function is told the request. */
  answer: unknown;
  #app: NestFastifyApplication | undefined;

  get app(): NestFastifyApplication {
    if (!this.#app) throw new Error('It is not started.');
    return this.#app;
  }

  /** @param now milliseconds since 1970 */
  async start(environment: Readonly<Record<string, string>> = {}, now?: () => number): Promise<void> {
    const requests = {
      call: (contract: RequestContract, request: Record<string, unknown>) => {
        if (contract.subject === authenticateAdministrator.subject) {
          this.authenticated.push(request);
          const refusal = this.refusal?.(request);
          return refusal ? Promise.reject(refusal) : Promise.resolve({ name: 'anna', roles: this.roles });
        }
        this.asked.push({ subject: contract.subject, request });
        const given: unknown =
          typeof this.answer === 'function' ? (this.answer as (asked: unknown) => unknown)(request) : this.answer;
        return given instanceof Error ? Promise.reject(given) : Promise.resolve(given);
      },
    } as unknown as RequestClient;
    const shell = {
      service: 'admin-api',
      log: Object.assign(createLog('admin-api', 'silent'), {
        warn: (...given: unknown[]) => void this.logged.push(given),
      }),
      requests,
      metrics: new Metrics(),
      onFault: (error: unknown) => void this.faults.push(error),
      onShutdown: () => undefined,
    } as unknown as Shell;
    this.#app = await createHttpApp(
      shell,
      settings['admin-api'].parse({ ...required, ...environment }),
      new Readiness(),
      now,
    );
    await this.#app.init();
    await this.#app.getHttpAdapter().getInstance().ready();
  }

  async stop(): Promise<void> {
    await this.#app?.close();
  }

  /** One call, with a token. */
  async call(
    method: string,
    url: string,
    payload?: string | Buffer,
    type = 'application/json',
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    this.asked.length = 0;
    const reply = await this.app.inject({
      method: method as 'GET',
      url,
      headers: {
        authorization: 'Bearer token',
        ...headers,
        ...(payload === undefined ? {} : { 'content-type': type }),
      },
      ...(payload === undefined ? {} : { payload }),
    });
    const body = (reply.body === '' ? {} : JSON.parse(reply.body)) as Answer['body'];
    return { status: reply.statusCode, headers: reply.headers, body };
  }
}
