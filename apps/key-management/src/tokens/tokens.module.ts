import { Module } from '@nestjs/common';
import { SecretUse } from '../client-secrets/secret-use.js';
import { TokenKeysModule } from '../token-keys/token-keys.module.js';
import { AuthenticateClient } from './authenticate-client.js';
import { FindClient } from './find-client.js';
import { ForgetRevokedTokens } from './forget-revoked-tokens.js';
import { IssueToken } from './issue-token.js';
import { RevokeToken } from './revoke-token.js';
import { TokensController } from './tokens.controller.js';

@Module({
  imports: [TokenKeysModule],
  controllers: [TokensController],
  providers: [FindClient, SecretUse, AuthenticateClient, IssueToken, RevokeToken, ForgetRevokedTokens],
  exports: [SecretUse, ForgetRevokedTokens],
})
export class TokensModule {}
