import { finishSignIn, getSignIn, leaveProvider, openPersonSession, startSignIn } from '@sluice/contracts';
import { invalidArgument, SluiceError } from '@sluice/domain';
import { RequestClient } from '@sluice/messaging';
import { CLOCK, MONOTONIC_CLOCK } from '@sluice/service-shell';
import { Controller, Inject, Req, Res, UseFilters } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { createHash, randomBytes } from 'node:crypto';
import { Given } from '../http/given.js';
import type { Reply } from '../http/problem-filter.js';
import { Serves } from '../http/serves.js';
import { sessionCookie } from '../http/session-cookie.js';
import { WrongTokens } from '../http/wrong-tokens.js';
import { beginSignIn, readSignIn, signInSeconds } from './begun-sign-in.js';
import { readReturnPath } from './return-path.js';
import { signInCookie, signInCookieOf } from './sign-in-cookie.js';
import { SignInFilter } from './sign-in-filter.js';
import { SIGN_IN, type SignInByProvider } from './sign-in-by-provider.js';

interface Sent {
  readonly method: string;
  readonly url: string;
  readonly ip?: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Sign-ins remembered that have come back: a state is good once. */
const maxFinished = 10_000;

/** Signing in by a provider of identities: out to it, and back. */
@Controller()
@UseFilters(SignInFilter)
export class SignInController {
  /** Apart from wrong tokens: who sends those from an address keeps nobody there from signing in. */
  readonly #wrongCodes: WrongTokens;
  readonly #finished = new LRUCache<string, true>({
    max: maxFinished,
    ttl: signInSeconds * 1_000,
    perf: { now: () => this.now() },
    ttlResolution: 0,
  });

  constructor(
    private readonly requests: RequestClient,
    @Inject(SIGN_IN) private readonly signIn: SignInByProvider | undefined,
    @Inject(CLOCK) private readonly now: () => number,
    @Inject(MONOTONIC_CLOCK) monotonicNow: () => number,
  ) {
    this.#wrongCodes = new WrongTokens(monotonicNow);
  }

  @Serves(getSignIn)
  ways() {
    if (!this.signIn) return {};
    const { provider, publicUrl } = this.signIn;
    // At another name for the same host the cookie would not come back.
    return { provider: { name: provider.settings.name, url: new URL(startSignIn.path, publicUrl).href } };
  }

  @Serves(startSignIn)
  async start(
    @Given() given: { return?: string },
    @Req() sent: Sent,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<void> {
    const { provider, secure } = this.#set();
    const returnPath = readReturnPath(given.return);
    requireNavigation(sent);
    const begun = beginSignIn(returnPath, this.now());
    const target = await provider.authorizationUrl(begun);
    reply.header('set-cookie', signInCookie(begun.value, secure));
    goTo(reply, target.href);
  }

  @Serves(finishSignIn)
  async finish(
    @Given() { state }: { state?: string },
    @Req() sent: Sent,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<void> {
    if (state === undefined)
      throw invalidArgument([{ field: 'state', message: 'is missing: begin again at the sign-in page' }]);
    const { provider, publicUrl, secure, session } = this.#set();
    const begun = readSignIn(signInCookieOf(sent, secure), state, this.now());
    if (!begun || this.#finished.has(state)) throw notBegun();
    const address = sent.ip ?? '';
    const attempt = digest(state);
    this.#wrongCodes.admit(address, attempt);
    this.#finished.set(state, true);
    reply.header('set-cookie', signInCookie(undefined, secure));
    const person = await provider.person(new URL(sent.url, publicUrl).searchParams, begun).catch((error: unknown) => {
      if (error instanceof SluiceError && error.code === 'unauthenticated') this.#wrongCodes.wrong(address, attempt);
      throw error;
    });
    // Another one for each sign-in: none that was in the browser before is let in by it.
    const value = randomBytes(32).toString('base64url');
    await this.requests.call(openPersonSession, { person, sessionSha256: digest(value), ...session });
    // Beside the one that is taken away.
    reply.header('set-cookie', sessionCookie(value, { secure, maxAgeSeconds: session.maxMs / 1_000 }));
    // The cookie may be somebody else's making where the connection is not TLS.
    goTo(reply, readReturnPath(begun.returnPath));
  }

  @Serves(leaveProvider)
  async leave(@Req() sent: Sent, @Res({ passthrough: true }) reply: Reply): Promise<void> {
    const { provider } = this.#set();
    requireNavigation(sent);
    goTo(reply, (await provider.endSessionUrl())?.href ?? '/');
  }

  #set(): SignInByProvider {
    if (this.signIn) return this.signIn;
    throw new SluiceError(
      'not-found',
      'No provider of identities is set here: sign in with an admin token, or set OIDC_ISSUER and what belongs to it.',
    );
  }
}

function goTo(reply: Reply, target: string): void {
  reply.header('location', target).header('cache-control', 'no-store').header('referrer-policy', 'no-referrer');
}

/** Begun in an image or a frame of another page, nobody would see it. Older browsers and programs do not say (Fetch Metadata). */
function requireNavigation({ headers }: Sent): void {
  const mode = headers['sec-fetch-mode'];
  const into = headers['sec-fetch-dest'];
  if ((mode === undefined || mode === 'navigate') && (into === undefined || into === 'document')) return;
  throw new SluiceError(
    'permission-denied',
    'A sign-in is begun by going to this address, from no part of another page.',
  );
}

function notBegun(): SluiceError {
  return new SluiceError(
    'invalid-argument',
    `This sign-in was not begun in this browser, was finished already, or took longer than ${signInSeconds / 60} minutes: begin again at the sign-in page.`,
  );
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
