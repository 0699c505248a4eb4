export { AdminApiError, type Problem } from './admin-api-error.js';
export {
  AdminClient,
  type AdminClientOptions,
  type AnswerOf,
  type Called,
  type ClientTls,
  type InputOf,
  type ItemOf,
  type RawBody,
} from './admin-client.js';
export type { CallHeaders } from './request-of.js';
