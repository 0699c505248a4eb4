export { freePort, locateHaproxy, type HaproxyLine, type Program } from '@sluice/embedded-servers';
export { TestNats, type NatsPlace, type StoreCopy, type TestNatsOptions } from './bus/test-nats.js';
export {
  selfSigned,
  TestAuthority,
  TestCertificate,
  type ExtendedKeyUsage,
  type KeyUsage,
  type TestAuthorityOptions,
  type TestCertificateListOptions,
  type TestCertificateOptions,
} from './certificate/test-authority.js';
export { sha256Hex, testKey, testKeyTypes, type TestKey, type TestKeyType } from './certificate/test-key.js';
export { testRequest, type TestRequestOptions } from './certificate/test-request.js';
export { TestPostgres, type TestPostgresOptions } from './database/test-postgres.js';
export { endWithThisProcess, type Watch } from './process/end-with-this-process.js';
export { TemporaryFolder } from './process/temporary-folder.js';
export { until, type UntilOptions } from './process/until.js';
export { exchangeBytes, type ExchangeOptions } from './sender/exchange-bytes.js';
export { Sender, type Answer, type SenderOptions, type SendOptions } from './sender/sender.js';
export { visit, type Visit, type VisitOptions } from './sender/visit.js';
