export { hasScheme, readBasic, type ClientSecret } from './basic-credentials.js';
export { basicChallenge, errorAnswer, statusOf, type OAuthError, type OAuthErrorCode } from './oauth-error.js';
export { readClient, type ShownClient } from './read-client.js';
export { judgeFormHead, readForm } from './read-form.js';
export { delayed, grantedOrNot, judgeGrantType, scopeIn, type GrantedToken } from './token-answer.js';
