export {
  AdminApiError,
  AdminClient,
  type AdminClientOptions,
  type AnswerOf,
  type Called,
  type InputOf,
} from './admin-client.js';
