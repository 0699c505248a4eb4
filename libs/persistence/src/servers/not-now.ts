import { QueryFailedError, QueryRunnerAlreadyReleasedError, QueryRunnerProviderAlreadyReleasedError } from 'typeorm';

/** No server can be reached, or the one that was has gone. */
export class PostgresUnreachable extends Error {
  override readonly name = 'PostgresUnreachable';
}

/** Why something cannot be done now, though nothing is wrong with what was asked. */
export interface NotNow {
  /** A sentence for whoever asked. */
  readonly sentence: string;
  /** `unknown`: the answer of a COMMIT was lost, so the change may have been made. */
  readonly outcome: 'not-done' | 'unknown';
}

/**
 * What Postgres says when it cannot do something now, by SQLSTATE or its class (PostgreSQL documentation, appendix A). All
 * others are faults of ours or of the set-up.
 */
const reasons: readonly (readonly [code: RegExp, why: string])[] = [
  [/^08/, 'the connection to Postgres failed'],
  [/^25006$/, 'this server of Postgres is read-only'],
  [/^25P0[34]$/, 'Postgres ended the transaction because it took too long'],
  [/^40003$/, 'Postgres does not know how the change ended'],
  [/^40/, 'concurrent changes of the same rows'],
  [/^53100$/, 'the disk of Postgres is full'],
  [/^53200$/, 'Postgres is out of memory'],
  [/^53300$/, 'Postgres has too many connections'],
  [/^53/, 'Postgres is out of resources'],
  [/^55P03$/, 'another transaction holds a lock'],
  [/^57014$/, 'Postgres took too long'],
  [/^57P0[1235]$/, 'Postgres is starting or ending'],
  [/^58(000|030)$/, 'Postgres cannot read or write its disk'],
];

/** Of a socket, and of looking its name up. */
const ofSockets =
  /^(ECONN(REFUSED|RESET|ABORTED)|ETIMEDOUT|EPIPE|EHOST(UNREACH|DOWN)|ENET(UNREACH|DOWN|RESET)|EADDRNOTAVAIL|ENOTFOUND|EAI_AGAIN|EMFILE|ENFILE)$/;

/** What the driver and its pool say of a connection, without a code. */
const ofDriver =
  /^(Connection terminated|timeout (expired|exceeded when trying to connect)|Query read timeout|Client has encountered a connection error|Client was closed|There was an error establishing an SSL connection|Received unexpected)/;

/**
 * The one list of what is answered as unavailable (503 with Retry-After). Errors of sockets count only where they are known to
 * be of Postgres.
 * @returns undefined for an error that is none of Postgres, or will come again
 */
export function notNow(error: unknown): NotNow | undefined {
  if (!(error instanceof Error)) return undefined;
  const failed = error instanceof QueryFailedError ? error : undefined;
  const cause: { code?: unknown; message?: unknown; severity?: unknown } = failed ? failed.driverError : error;
  const code = typeof cause.code === 'string' ? cause.code : '';
  const ofPostgres = failed !== undefined || error instanceof PostgresUnreachable || cause.severity !== undefined;
  const lost =
    cause instanceof PostgresUnreachable ||
    // The connection ended between two statements of a transaction, and with it all that was done.
    error instanceof QueryRunnerAlreadyReleasedError ||
    error instanceof QueryRunnerProviderAlreadyReleasedError ||
    (ofPostgres && ofSockets.test(code)) ||
    ofDriver.test(typeof cause.message === 'string' ? cause.message : '');
  const why = lost
    ? 'Postgres cannot be reached'
    : cause.severity === undefined
      ? undefined
      : reasons.find(([pattern]) => pattern.test(code))?.[1];
  if (why === undefined) return undefined;
  // Without an answer of the server, or when it ended the session, the commit may have been made.
  const unknown = failed?.query === 'COMMIT' && (lost || cause.severity !== 'ERROR');
  return unknown
    ? {
        sentence: `It is not known whether the change was committed: ${why}. Read the object before you repeat the call.`,
        outcome: 'unknown',
      }
    : { sentence: `This cannot be done now: ${why}. Try again.`, outcome: 'not-done' };
}
