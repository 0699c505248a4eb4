import {
  closeSession,
  getSession,
  openSession,
  sessionTimes,
  signIn,
  signOut,
  signOutEverywhere,
} from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import { RequestClient } from '@sluice/messaging';
import { Controller, Req, Res } from '@nestjs/common';
import { createHash, randomBytes } from 'node:crypto';
import { Actor, type AuthenticatedRequest } from '../http/administrator.js';
import { Given } from '../http/given.js';
import type { Reply } from '../http/problem-filter.js';
import { Serves } from '../http/serves.js';
import { requireSameOrigin, sessionCookie, sessionOf } from '../http/session-cookie.js';
import { WrongTokens } from '../http/wrong-tokens.js';

type Sent = AuthenticatedRequest & { readonly protocol?: string };

/** Signing in at the console and out again. */
@Controller()
export class SessionsController {
  constructor(
    private readonly requests: RequestClient,
    private readonly wrongTokens: WrongTokens,
  ) {}

  @Serves(signIn)
  async signIn(@Given() { token }: { token: string }, @Req() sent: Sent, @Res({ passthrough: true }) reply: Reply) {
    requireSameOrigin(sent);
    const tokenSha256 = digest(token);
    const address = sent.ip ?? '';
    this.wrongTokens.admit(address, tokenSha256);
    const value = randomBytes(32).toString('base64url');
    try {
      const { session } = await this.requests.call(openSession, { tokenSha256, sessionSha256: digest(value) });
      this.wrongTokens.right(tokenSha256);
      reply.header('set-cookie', sessionCookie(value, { ...by(sent), maxAgeSeconds: sessionTimes.maxMs / 1_000 }));
      return session;
    } catch (error) {
      if (error instanceof SluiceError && error.code === 'unauthenticated' && error.details?.['expired'] !== true)
        this.wrongTokens.wrong(address, tokenSha256);
      throw error;
    }
  }

  @Serves(getSession)
  current(@Req() { administrator }: Sent) {
    if (!administrator) throw new SluiceError('unauthenticated', 'Sign in first.');
    const { name, roles, sessionEndsAt, person } = administrator;
    return {
      name,
      roles,
      ...(sessionEndsAt === undefined ? {} : { expiresAt: sessionEndsAt }),
      ...(person === undefined ? {} : { person }),
    };
  }

  @Serves(signOut)
  async signOut(@Actor() { name }: { name: string }, @Req() sent: Sent, @Res({ passthrough: true }) reply: Reply) {
    const value = sessionOf(sent);
    if (value !== undefined) await this.requests.call(closeSession, { name, sessionSha256: digest(value) });
    reply.header('set-cookie', sessionCookie('', { ...by(sent), maxAgeSeconds: 0 }));
  }

  @Serves(signOutEverywhere)
  async signOutEverywhere(
    @Actor() { name }: { name: string },
    @Req() sent: Sent,
    @Res({ passthrough: true }) reply: Reply,
  ) {
    await this.requests.call(closeSession, { name });
    reply.header('set-cookie', sessionCookie('', { ...by(sent), maxAgeSeconds: 0 }));
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function by({ protocol }: Sent): { secure: boolean } {
  return { secure: protocol === 'https' };
}
