export const oauthPaths = {
  token: '/oauth/token',
  introspection: '/oauth/introspect',
  revocation: '/oauth/revoke',
  jwks: '/oauth/jwks',
  metadata: '/.well-known/oauth-authorization-server',
} as const;

const methods = ['client_secret_basic', 'client_secret_post', 'tls_client_auth', 'self_signed_tls_client_auth'];

/** RFC 8414 §2, RFC 8705 §3.3. @param issuer where the end points are, as senders reach them */
export function metadataOf(issuer: string): object {
  const at = (path: string) => `${issuer.replace(/\/$/, '')}${path}`;
  return {
    issuer,
    token_endpoint: at(oauthPaths.token),
    jwks_uri: at(oauthPaths.jwks),
    introspection_endpoint: at(oauthPaths.introspection),
    revocation_endpoint: at(oauthPaths.revocation),
    grant_types_supported: ['client_credentials'],
    response_types_supported: [],
    token_endpoint_auth_methods_supported: methods,
    introspection_endpoint_auth_methods_supported: methods,
    revocation_endpoint_auth_methods_supported: methods,
    tls_client_certificate_bound_access_tokens: true,
  };
}
