import { StateFollower } from '@sluice/messaging';
import { CLOCK, Shell } from '@sluice/service-shell';
import { Module } from '@nestjs/common';
import { VerifyCertificateModule } from '../verify-certificate/verify-certificate.module.js';
import { VerifyCertificate } from '../verify-certificate/verify-certificate.js';
import { VerifyAccessController } from './verify-access.controller.js';
import { VerifyAccess } from './verify-access.js';

@Module({
  imports: [VerifyCertificateModule],
  controllers: [VerifyAccessController],
  providers: [
    {
      provide: VerifyAccess,
      inject: [Shell, StateFollower, VerifyCertificate, CLOCK],
      useFactory: (shell: Shell, follower: StateFollower, certificates: VerifyCertificate, now: () => number) =>
        new VerifyAccess(
          {
            get position() {
              return follower.ready ? follower.position : undefined;
            },
            reach: async (minimum, timeoutMs) => (await follower.reach(minimum, timeoutMs)) && follower.ready,
            fetch: (key) => follower.fetch(key),
          },
          certificates,
          shell.processName,
          now,
        ),
    },
  ],
})
export class VerifyAccessModule {}
