import { currentRequest } from '@sluice/messaging';
import type { LoggerService } from '@nestjs/common';
import { pino, type DestinationStream, type Logger } from 'pino';
import type { EventEmitter } from 'node:events';

export type Log = Logger;

/** Members of a log line that may hold a secret, should one be logged by mistake. */
const secrets = ['key', 'clientsecret', 'password', 'token', 'privateKey', 'authorization', 'seed'];

/** Structured logs on standard output. Every line carries the ids of the request it belongs to. */
export function createLog(service: string, level: string): Log {
  const stream = pino.destination({ dest: process.stdout.fd, sync: true, maxLength: maxWaitingLog });
  // A log on a full disk, or one that nobody reads, ends nothing: lines wait up to a bound, then they are dropped.
  stream.on('error', () => undefined);
  stream.on('drop', () => droppedLines++);
  return pino(
    {
      level,
      base: { service, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secrets.flatMap((name) => [name, `*.${name}`]), censor: '[secret]' },
      mixin: () => {
        const request = currentRequest();
        return request ? { requestId: request.requestId, traceId: request.traceparent.slice(3, 35) } : {};
      },
    },
    stream,
  );
}

/** Octets of lines that wait for a log that cannot be written. */
const maxWaitingLog = 1024 * 1024;

let droppedLines = 0;

/** Lines of this process's log that were dropped because it could not be written. */
export const droppedLogLines = (): number => droppedLines;

/** How long a reader may take for the last lines, in milliseconds. */
const lastLinesMs = 200;

/**
 * Ends the process when the log is written, the last line too, or a moment later when nobody takes it: the stream below
 * tries for ever at the exit to write to a pipe whose reader is gone (sonic-boom 4.2.1, flushSync).
 */
export function exitAfterLastLine(log: Log, write: () => void, code: number): void {
  const stream = (log as unknown as Record<symbol, DestinationStream & EventEmitter & { flushSync(): void }>)[
    pino.symbols.streamSym
  ];
  stream?.once('drain', () => process.exit(code));
  write();
  setTimeout(() => {
    if (stream) stream.flushSync = () => undefined;
    process.exit(code);
  }, lastLinesMs);
}

/** Nest's own messages in our log: what it says while it starts is for debugging. */
export function nestLogger(log: Log): LoggerService {
  const line = (message: unknown, rest: unknown[]) => ({
    context: rest.at(-1),
    detail: typeof message === 'string' ? undefined : message,
  });
  const text = (message: unknown) => (typeof message === 'string' ? message : 'nest');
  return {
    log: (message, ...rest) => log.debug(line(message, rest), text(message)),
    debug: (message, ...rest) => log.debug(line(message, rest), text(message)),
    verbose: (message, ...rest) => log.trace(line(message, rest), text(message)),
    warn: (message, ...rest) => log.warn(line(message, rest), text(message)),
    error: (message, ...rest) => log.error(line(message, rest), text(message)),
    fatal: (message, ...rest) => log.fatal(line(message, rest), text(message)),
  };
}
