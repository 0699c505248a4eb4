import { CertificateListStore, watchCertificateLists } from '@sluice/messaging';
import { CLOCK, CONFIG, openDestinations, Shell } from '@sluice/service-shell';
import { Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { Config } from '../config.js';
import { AskResponder } from './ask-responder.js';
import { exchangeOcspOverHttp } from './exchange-ocsp.js';
import { RevocationSources } from './revocation-sources.js';

@Module({
  providers: [
    {
      provide: RevocationSources,
      inject: [Shell, CLOCK],
      useFactory: async (shell: Shell, now: () => number) => {
        const lists = await CertificateListStore.open(shell.connection);
        return new RevocationSources((sha256) => lists.get(sha256), shell.onFault, now);
      },
    },
    {
      provide: AskResponder,
      inject: [Shell, CONFIG, CLOCK],
      useFactory: (shell: Shell, config: Config, now: () => number) =>
        new AskResponder(exchangeOcspOverHttp(openDestinations(shell, config)), now),
    },
  ],
  exports: [RevocationSources, AskResponder],
})
export class RevocationModule implements OnModuleInit, OnApplicationShutdown {
  #stopWatching: () => void = () => undefined;

  constructor(
    private readonly shell: Shell,
    private readonly sources: RevocationSources,
  ) {}

  onModuleInit(): void {
    this.#stopWatching = watchCertificateLists(this.shell.connection, (sha256) => this.sources.readAhead(sha256));
  }

  onApplicationShutdown(): void {
    this.#stopWatching();
  }
}
