import { signInCallbackPath } from '@sluice/contracts';
import { readDestinationPolicy } from '@sluice/domain';
import { Destinations, type Shell } from '@sluice/service-shell';
import type { Config } from '../config.js';
import { readGroupRights } from './group-rights.js';
import { IdentityProvider } from './identity-provider.js';

/** Injection token of {@link SignInByProvider}; undefined where none is set. */
export const SIGN_IN = Symbol('SIGN_IN');

export interface SignInByProvider {
  readonly provider: IdentityProvider;
  /** Where browsers reach the admin API. */
  readonly publicUrl: URL;
  /** Whether that is by TLS, so that cookies are for TLS alone. */
  readonly secure: boolean;
  /** How long sessions hold, in milliseconds. */
  readonly session: { readonly idleMs: number; readonly maxMs: number };
}

/** @param now milliseconds since 1970 */
export function signInByProvider(shell: Shell, config: Config, now: () => number): SignInByProvider | undefined {
  const { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: clientId, ADMIN_API_URL: address, OIDC_GROUP_RIGHTS: groups } = config;
  if (issuer === undefined || clientId === undefined || address === undefined || groups === undefined) return undefined;
  const read = readGroupRights(groups);
  if ('fault' in read) throw new Error(`OIDC_GROUP_RIGHTS ${read.fault}.`);
  const publicUrl = new URL(address);
  return {
    provider: new IdentityProvider(
      {
        name: config.OIDC_NAME,
        issuer,
        clientId,
        clientSecretFile: config.OIDC_CLIENT_SECRET_FILE,
        scopes: config.OIDC_SCOPES,
        nameClaim: config.OIDC_NAME_CLAIM,
        groupsClaim: config.OIDC_GROUPS_CLAIM,
        groupRights: read.rights,
        redirectUri: new URL(signInCallbackPath, publicUrl).href,
        afterSignOut: new URL('/', publicUrl).href,
      },
      { destinations: destinationsOf(shell, config, new URL(issuer)), log: shell.log, now },
    ),
    publicUrl,
    secure: publicUrl.protocol === 'https:',
    session: { idleMs: config.OIDC_SESSION_IDLE_MINUTES * 60_000, maxMs: config.OIDC_SESSION_HOURS * 3_600_000 },
  };
}

/**
 * The policy of destinations holds for what the provider names: its end points. The host of the issuer is the operator's own choice, and so one that may be
 * connected to, for this alone.
 */
function destinationsOf(shell: Shell, config: Config, { hostname }: URL): Destinations {
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const read = readDestinationPolicy([config.ALLOWED_DESTINATIONS, host].join(','), config.REFUSED_DESTINATIONS);
  if (!('policy' in read)) throw new Error(read.allowedFault ?? read.refusedFault);
  const destinations = new Destinations(read.policy, (host, addresses) =>
    shell.log.warn({ host, addresses }, 'a destination was refused: ALLOWED_DESTINATIONS does not name it'),
  );
  shell.onShutdown(() => destinations.close());
  return destinations;
}
