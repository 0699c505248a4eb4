import { personSessionLimits } from '@sluice/contracts';
import { z } from 'zod';
import { readGroupRights } from './group-rights.js';

const { idleMinutes, hours } = personSessionLimits;

/** Whether a URL is one that secrets may go to: HTTPS, or HTTP that does not leave the machine. */
export function isConfidential({ protocol, hostname }: URL): boolean {
  return (
    protocol === 'https:' ||
    (protocol === 'http:' &&
      (hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname)))
  );
}

const url = (text: string) => (URL.canParse(text) ? new URL(text) : undefined);

/** How people sign in by a provider of identities (docs/sign-in.md). Nothing of it set: by admin tokens alone. */
const oidcEnvironment = z.object({
  ADMIN_API_URL: z
    .string()
    .refine(
      (text) => /^https?:$/.test(url(text)?.protocol ?? '') && url(text)?.pathname === '/' && !/[?#@]/.test(text),
      {
        error: 'must be an http:// or https:// URL without a path',
      },
    )
    .optional()
    .describe(
      'Where browsers reach the admin API: `/v1/sign-in/callback` below it is the redirect URI that the provider of identities must know.',
    ),
  OIDC_ISSUER: z
    .string()
    .refine((text) => {
      const issuer = url(text);
      return issuer !== undefined && isConfidential(issuer) && !/[?#@]/.test(text);
    }, 'must be an https:// URL without query and fragment; http:// on loopback alone')
    .optional()
    .describe(
      'Issuer of the OpenID provider that people sign in by; its configuration is below it, at `/.well-known/openid-configuration`. Without, nobody signs in but by an admin token.',
    ),
  OIDC_CLIENT_ID: z.string().min(1).optional().describe('By which the provider knows this installation.'),
  OIDC_CLIENT_SECRET_FILE: z
    .string()
    .min(1)
    .optional()
    .describe('File with the secret of this client. Without, it is a public client, which PKCE alone protects.'),
  OIDC_NAME: z.string().min(1).max(60).default('single sign-on').describe('What the button says: `Sign in with …`.'),
  OIDC_SCOPES: z
    .string()
    .regex(/^openid(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/, {
      error: 'must begin with openid, with a blank between two scopes',
    })
    .default('openid profile email')
    .describe('Scopes that are asked for.'),
  OIDC_NAME_CLAIM: z
    .string()
    .min(1)
    .default('preferred_username')
    .describe('The claim that people are shown by. Who it is, `iss` and `sub` say.'),
  OIDC_GROUPS_CLAIM: z
    .string()
    .min(1)
    .default('groups')
    .describe(
      'The claim that holds the groups, a list of texts; with dots where it is within another: `realm_access.roles`.',
    ),
  OIDC_GROUP_RIGHTS: z
    .string()
    .superRefine((text, context) => {
      const read = readGroupRights(text);
      if ('fault' in read) context.addIssue(read.fault);
    })
    .optional()
    .describe(
      'Which rights each group gives, as a JSON object: `{"platform": ["Admin.all"], "operators": ["Monitoring.read", "Messages.read"]}`. Who is in none of them is not let in.',
    ),
  OIDC_SESSION_IDLE_MINUTES: z.coerce
    .number()
    .int()
    .min(1)
    .max(idleMinutes.most)
    .default(idleMinutes.default)
    .describe('A session of a person that is unused for so long ends.'),
  OIDC_SESSION_HOURS: z.coerce
    .number()
    .int()
    .min(1)
    .max(hours.most)
    .default(hours.default)
    .describe('A session of a person ends after so long in any case; until then it has the rights of its sign-in.'),
});
export const oidcShape = oidcEnvironment.shape;

/** What a person is let in by, when it is set. */
const needed = ['ADMIN_API_URL', 'OIDC_CLIENT_ID', 'OIDC_GROUP_RIGHTS'] as const;

/** Faults of settings that are wrong together: to be added to a schema that has {@link oidcShape}. */
export function checkTogether(settings: z.output<typeof oidcEnvironment>, context: z.RefinementCtx): void {
  if (settings.OIDC_ISSUER !== undefined) {
    for (const name of needed)
      if (settings[name] === undefined)
        context.addIssue({ code: 'custom', path: [name], message: 'must be set where OIDC_ISSUER is' });
    return;
  }
  for (const name of ['OIDC_CLIENT_ID', 'OIDC_CLIENT_SECRET_FILE', 'OIDC_GROUP_RIGHTS'] as const)
    if (settings[name] !== undefined)
      context.addIssue({ code: 'custom', path: [name], message: 'says nothing without OIDC_ISSUER: set that too' });
}
