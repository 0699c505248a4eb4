import { StateBucket, StateFollower, StatePublisher } from '@sluice/messaging';
import { CLOCK, Shell } from '@sluice/service-shell';
import { Module } from '@nestjs/common';
import { AskResponder } from '../revocation/ask-responder.js';
import { RevocationModule } from '../revocation/revocation.module.js';
import { RevocationSources } from '../revocation/revocation-sources.js';
import { TrustList } from './trust-list.js';
import { VerifyCertificateController } from './verify-certificate.controller.js';
import { VerifyCertificate } from './verify-certificate.js';

const encoder = new TextEncoder();

/** A guard that cannot be written within this time refuses the call. */
const guardTimeoutMs = 2_000;

@Module({
  imports: [RevocationModule],
  controllers: [VerifyCertificateController],
  providers: [
    {
      provide: TrustList,
      inject: [StateFollower, Shell],
      useFactory: (follower: StateFollower, shell: Shell) => new TrustList(follower, shell.onFault),
    },
    {
      provide: VerifyCertificate,
      inject: [Shell, StateFollower, StateBucket, TrustList, RevocationSources, AskResponder, CLOCK],
      useFactory: (
        shell: Shell,
        follower: StateFollower,
        bucket: StateBucket,
        trust: TrustList,
        sources: RevocationSources,
        responder: AskResponder,
        now: () => number,
      ) => {
        const publisher = new StatePublisher(shell.connection, bucket, guardTimeoutMs);
        return new VerifyCertificate(
          {
            get position() {
              return follower.ready ? follower.position : undefined;
            },
            reach: async (minimum, timeoutMs) => (await follower.reach(minimum, timeoutMs)) && follower.ready,
            fetch: (key) => follower.fetch(key),
            guards: {
              read: (key) => follower.fetch<'guard'>(key),
              readNow: (key) => follower.fetchNow<'guard'>(key),
              write: (record, expected) =>
                publisher.publishIf(record.key, expected, record.version, encoder.encode(JSON.stringify(record))),
            },
          },
          trust,
          { sources, responder },
          shell.processName,
          now,
        );
      },
    },
  ],
  exports: [VerifyCertificate],
})
export class VerifyCertificateModule {
  constructor(follower: StateFollower, trust: TrustList, sources: RevocationSources) {
    const renew = () => {
      trust.forget();
      sources.need(trust.revocations);
    };
    follower.onChange(({ key }) => {
      if (key.startsWith('root.') || key.startsWith('ca.')) renew();
    });
    follower.onEpoch(() => trust.forget());
    follower.onLoaded(renew);
  }
}
