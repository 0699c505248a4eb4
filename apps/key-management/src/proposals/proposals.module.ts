import { Module } from '@nestjs/common';
import { IssuingCasModule } from '../issuing-cas/issuing-cas.module.js';
import { ServiceInstancesModule } from '../service-instances/service-instances.module.js';
import { TrustedRootsModule } from '../trusted-roots/trusted-roots.module.js';
import { DecideProposal } from './decide-proposal.js';
import { ProposalsController } from './proposals.controller.js';

@Module({
  imports: [ServiceInstancesModule, IssuingCasModule, TrustedRootsModule],
  controllers: [ProposalsController],
  providers: [DecideProposal],
})
export class ProposalsModule {}
