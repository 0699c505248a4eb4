import { StateFollower } from '@sluice/messaging';
import { CLOCK, Shell } from '@sluice/service-shell';
import { Module } from '@nestjs/common';
import { DecideCall } from '../decisions/decide-call.js';
import { DecisionsModule } from '../decisions/decisions.module.js';
import { RecordDecision } from '../decisions/record-decision.js';
import { KeySet } from './key-set.js';
import { OAuthEndPoints } from './oauth-end-points.js';
import { ServeClients } from './serve-clients.js';

/** Where clients get access tokens, ask about them and end them. The tokens are made elsewhere (ADR 52). */
@Module({
  imports: [DecisionsModule],
  providers: [
    {
      provide: OAuthEndPoints,
      inject: [Shell, StateFollower, DecideCall, RecordDecision, CLOCK],
      useFactory: (
        { metrics, requests, onFault }: Shell,
        follower: StateFollower,
        decideCall: DecideCall,
        decisions: RecordDecision,
        now: () => number,
      ) => {
        const counter = metrics.counter(
          'sluice_oauth_requests_total',
          'Requests of clients at the end points of OAuth, by end point and outcome: granted, or the code of the error.',
          ['end_point', 'outcome'],
        );
        return new OAuthEndPoints({
          clients: new ServeClients(requests, decideCall, () => follower.position),
          keys: new KeySet(() => follower.heldOf('token-key'), now, onFault),
          decisions,
          knows: (certificateSha256) => decideCall.knows(certificateSha256),
          count: (endPoint, outcome) => counter.inc({ end_point: endPoint, outcome }),
          onFault,
        });
      },
    },
  ],
  exports: [OAuthEndPoints],
})
export class OAuthModule {}
