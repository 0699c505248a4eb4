import { CertificateListStore } from '@sluice/messaging';
import { Shell } from '@sluice/service-shell';
import { Global, Module } from '@nestjs/common';
import { Streams } from './streams.js';

/** The streams are there before any change is published: the relay has the new CA to tell of at the very first start. */
const STREAMS_MADE = Symbol('STREAMS_MADE');

@Global()
@Module({
  providers: [
    {
      provide: CertificateListStore,
      inject: [Shell],
      useFactory: (shell: Shell) => CertificateListStore.open(shell.connection),
    },
    Streams,
    { provide: STREAMS_MADE, inject: [Streams], useFactory: (streams: Streams) => streams.keep() },
  ],
  exports: [Streams, CertificateListStore],
})
export class StreamsModule {}
