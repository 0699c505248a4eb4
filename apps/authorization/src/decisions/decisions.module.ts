import { stateKey } from '@sluice/contracts';
import { StateFollower } from '@sluice/messaging';
import { Module } from '@nestjs/common';
import { Decide } from './decide.js';
import { DecisionsController } from './decisions.controller.js';

@Module({
  controllers: [DecisionsController],
  providers: [
    {
      provide: Decide,
      inject: [StateFollower],
      useFactory: (follower: StateFollower) =>
        new Decide({
          get position() {
            return follower.ready ? follower.position : undefined;
          },
          reach: async (minimum, timeoutMs) => (await follower.reach(minimum, timeoutMs)) && follower.ready,
          flow: (id) => follower.held<'flow'>(stateKey.flow(id)),
          role: (name) => follower.held<'role'>(stateKey.role(name)),
          instance: (id) => follower.fetch<'instance'>(stateKey.instance(id)),
          credential: (sha256) => follower.fetch<'credential'>(stateKey.credential(sha256)),
        }),
    },
  ],
})
export class DecisionsModule {}
