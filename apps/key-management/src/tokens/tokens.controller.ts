import {
  authenticateClient,
  issueApiToken,
  issueFlowToken,
  revokeToken,
  tokenAudiences,
  type DecodedRequestOf,
  type ResponseOf,
} from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { AuthenticateClient } from './authenticate-client.js';
import { IssueToken } from './issue-token.js';
import { RevokeToken } from './revoke-token.js';

@Controller()
export class TokensController {
  constructor(
    private readonly issueToken: IssueToken,
    private readonly authenticateClient: AuthenticateClient,
    private readonly revokeToken: RevokeToken,
  ) {}

  @Handles(issueFlowToken)
  issueForFlows(
    @Payload() request: DecodedRequestOf<typeof issueFlowToken>,
  ): Promise<ResponseOf<typeof issueFlowToken>> {
    return this.issueToken.execute(request, tokenAudiences.flows);
  }

  @Handles(issueApiToken)
  issueForAdminApi(
    @Payload() request: DecodedRequestOf<typeof issueApiToken>,
  ): Promise<ResponseOf<typeof issueApiToken>> {
    return this.issueToken.execute(request, tokenAudiences.adminApi);
  }

  @Handles(authenticateClient)
  async authenticate(
    @Payload() request: DecodedRequestOf<typeof authenticateClient>,
  ): Promise<ResponseOf<typeof authenticateClient>> {
    const known = await this.authenticateClient.execute(request);
    return known.outcome === 'authenticated'
      ? { outcome: 'authenticated', secretId: known.secret.id, serviceKeyId: known.client.serviceKeyId }
      : known;
  }

  @Handles(revokeToken)
  async revoke(@Payload() request: DecodedRequestOf<typeof revokeToken>): Promise<ResponseOf<typeof revokeToken>> {
    await this.revokeToken.execute(request);
    return {};
  }
}
