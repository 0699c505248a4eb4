import { CONFIG, Readiness, Shell } from '@sluice/service-shell';
import { Inject, Module, type OnApplicationBootstrap } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Config } from './config.js';
import { createHttpApp } from './http/create-http-app.js';

/** It answers no request on the bus; it only asks. Its HTTP application opens with it. */
@Module({})
export class AppModule implements OnApplicationBootstrap {
  #app: NestFastifyApplication | undefined;

  constructor(
    private readonly shell: Shell,
    private readonly readiness: Readiness,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    readiness.require(() => (shell.connection.isClosed() ? ['the bus cannot be reached'] : []));
    shell.onShutdown(() => this.#app?.close());
  }

  async onApplicationBootstrap(): Promise<void> {
    this.#app = await createHttpApp(this.shell, this.config, this.readiness);
    await this.#app.listen(this.config.ADMIN_PORT, this.config.ADMIN_HOST);
  }
}
