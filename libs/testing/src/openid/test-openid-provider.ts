import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider, { type GrantContext } from 'oidc-provider';

/** What the provider says of an account, beside `sub`, which is the name that is typed in at its sign-in page. */
export type AccountClaims = Readonly<Record<string, unknown>>;

export interface TestOpenIdProviderOptions {
  readonly clientId?: string;
  /** Absent: a public client. */
  readonly clientSecret?: string;
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris?: readonly string[];
  readonly accounts: Readonly<Record<string, AccountClaims>>;
  /** Whether claims are in the id token; else one has to ask for them. */
  readonly claimsInIdToken?: boolean;
  readonly endSession?: boolean;
}

/** A real OpenID provider (oidc-provider) on loopback, at `localhost`: another site than 127.0.0.1. Any password is right. */
export class TestOpenIdProvider implements AsyncDisposable {
  /** Answers in the place of the provider where it returns true. */
  intercept: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
  /** Paths that were asked for. */
  readonly asked: string[] = [];

  private constructor(
    readonly issuer: string,
    /** Which its id tokens are signed with. */
    readonly signingKey: KeyObject,
    readonly keyId: string,
    private readonly server: Server,
  ) {}

  static async start(options: TestOpenIdProviderOptions): Promise<TestOpenIdProvider> {
    const handler: { current: (request: IncomingMessage, response: ServerResponse) => void } = {
      current: (_request, response) => response.writeHead(503).end(),
    };
    const server = createServer((request, response) => handler.current(request, response));
    const { promise, resolve } = Promise.withResolvers<void>();
    server.listen(0, 'localhost', resolve);
    await promise;
    const issuer = `http://localhost:${(server.address() as AddressInfo).port}`;
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
    const keyId = 'first';
    const answer = quietly(() => new Provider(issuer, configurationOf(options, privateKey, keyId))).callback();
    const made = new TestOpenIdProvider(issuer, privateKey, keyId, server);
    handler.current = (request, response) => {
      made.asked.push((request.url ?? '').split('?')[0] ?? '');
      if (made.intercept?.(request, response) !== true) answer(request, response);
    };
    return made;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.server.close(() => resolve());
    await promise;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /**
   * Signs in as a browser would, from where it is sent.
   * @param url of the authorization end point @returns where the provider sends the browser back to
   */
  async signIn(url: string, account: string): Promise<URL> {
    const cookies = new Map<string, string>();
    let target = new URL(url);
    let form: URLSearchParams | undefined;
    for (let step = 0; step < 12; step++) {
      const answer = await fetch(target, {
        redirect: 'manual',
        headers: { cookie: Array.from(cookies, (pair) => pair.join('=')).join('; ') },
        ...(form ? { method: 'POST', body: form } : {}),
      });
      for (const cookie of answer.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
        if (value === '') cookies.delete(name);
        else cookies.set(name, value);
      }
      const location = answer.headers.get('location');
      const page = await answer.text();
      if (location === null) {
        const action = /<form[^>]* action="([^"]+)"/.exec(page)?.[1];
        if (action === undefined) throw new Error(`The provider answered ${answer.status}: ${page.slice(0, 500)}`);
        target = new URL(action, target);
        form = new URLSearchParams({ prompt: 'login', login: account, password: 'any' });
        continue;
      }
      form = undefined;
      target = new URL(location, target);
      if (target.origin !== this.issuer) return target;
    }
    throw new Error('The provider sends nobody back.');
  }
}

/** Asks whether one means it. */
function logoutSource(context: { body: string }, form: string): void {
  context.body = `<!doctype html><title>Sign out</title>${form}<button type="submit" form="op.logoutForm" name="logout" value="yes">Yes, sign me out</button>`;
}

/** What it warns of is what makes it one for tests: its sign-in page, for any password. */
function quietly<T>(make: () => T): T {
  const { info, warn } = console;
  Object.assign(console, { info: () => undefined, warn: () => undefined });
  try {
    return make();
  } finally {
    Object.assign(console, { info, warn });
  }
}

function configurationOf(options: TestOpenIdProviderOptions, key: KeyObject, keyId: string): Record<string, unknown> {
  const { clientId = 'sluice', clientSecret, accounts } = options;
  const scopes = ['openid', 'profile', 'email', 'groups'];
  return {
    clients: [
      {
        client_id: clientId,
        ...(clientSecret === undefined ? {} : { client_secret: clientSecret }),
        token_endpoint_auth_method: clientSecret === undefined ? 'none' : 'client_secret_basic',
        redirect_uris: options.redirectUris,
        post_logout_redirect_uris: options.postLogoutRedirectUris ?? [],
        response_types: ['code'],
        grant_types: ['authorization_code'],
      },
    ],
    jwks: { keys: [{ ...key.export({ format: 'jwk' }), kid: keyId, use: 'sig', alg: 'RS256' }] },
    cookies: { keys: ['of a test'] },
    scopes,
    claims: {
      openid: ['sub'],
      profile: ['preferred_username', 'name'],
      email: ['email', 'email_verified'],
      groups: ['groups', 'realm_access'],
    },
    conformIdTokenClaims: options.claimsInIdToken !== true,
    pkce: { required: () => true },
    ttl: { Interaction: 600, Grant: 600, Session: 600, AccessToken: 600, IdToken: 600, AuthorizationCode: 60 },
    features: {
      devInteractions: { enabled: true },
      rpInitiatedLogout: { enabled: options.endSession !== false, logoutSource },
    },
    findAccount: (_context: unknown, id: string) =>
      Object.hasOwn(accounts, id) ? { accountId: id, claims: () => ({ sub: id, ...accounts[id] }) } : undefined,
    // Nobody is asked whether they agree.
    loadExistingGrant: async ({ oidc }: GrantContext) => {
      const grant = new oidc.provider.Grant({ accountId: oidc.session.accountId, clientId: oidc.client.clientId });
      grant.addOIDCScope(scopes.join(' '));
      await grant.save();
      return grant;
    },
  };
}
