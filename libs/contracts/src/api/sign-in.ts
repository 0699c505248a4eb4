import { z } from 'zod';
import { defineHttpOperation } from '../operation/operation.js';

const tag = 'Administration';

/** Where the provider of identities sends a browser back to: the redirect URI, below `ADMIN_API_URL`. */
export const signInCallbackPath = '/v1/sign-in/callback';

export const getSignIn = defineHttpOperation('getSignIn', {
  method: 'GET',
  needs: 'nothing',
  path: '/v1/sign-in',
  tag,
  summary: 'Tells whether one can sign in by a provider of identities, beside admin tokens.',
  answer: z
    .object({
      provider: z
        .object({
          name: z.string().meta({ description: 'For the button: `Sign in with <name>`.' }),
          url: z.url().meta({ description: 'Where a browser goes to sign in, by the name at which it comes back.' }),
        })
        .optional()
        .meta({ description: 'Absent: none is set.' }),
    })
    .meta({ id: 'SignIn' }),
});

export const startSignIn = defineHttpOperation('startSignIn', {
  method: 'GET',
  needs: 'nothing',
  path: '/v1/sign-in/provider',
  tag,
  summary: 'Sends a browser to the provider of identities to sign in.',
  description:
    'Sends a browser to the provider of identities to sign in (OpenID Connect, authorization code with PKCE). The answer sets a cookie for ten minutes, without which nobody comes back.',
  status: 303,
  query: {
    return: z
      .string()
      .max(512)
      .optional()
      .meta({ description: 'Path of the page of the console to go to afterwards.' }),
  },
  errors: ['not-found', 'permission-denied'],
});

export const finishSignIn = defineHttpOperation('finishSignIn', {
  method: 'GET',
  needs: 'nothing',
  path: signInCallbackPath,
  tag,
  summary: 'Where the provider of identities sends a browser back: opens a session.',
  description:
    'Where the provider of identities sends a browser back: opens a session, sets its cookie and sends the browser to the page it came from.',
  status: 303,
  query: {
    state: z.string().max(512).optional().meta({ description: 'As it was sent to the provider.' }),
    code: z.string().max(8_192).optional().meta({ description: 'Good once, for an id token.' }),
    iss: z.string().max(512).optional().meta({ description: 'Who sends the browser back (RFC 9207).' }),
    error: z.string().max(512).optional().meta({ description: 'Why nobody was signed in (RFC 6749 §4.1.2.1).' }),
  },
  ignoresOtherQuery: true,
  errors: ['not-found', 'unauthenticated', 'permission-denied', 'too-many-attempts'],
});

export const leaveProvider = defineHttpOperation('leaveProvider', {
  method: 'GET',
  needs: 'nothing',
  path: '/v1/sign-in/leave',
  tag,
  summary: 'Sends a browser to the provider of identities to sign out there too, where the provider has a page for it.',
  status: 303,
  errors: ['not-found', 'permission-denied'],
});
