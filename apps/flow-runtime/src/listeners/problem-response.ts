import type { ServerResponse } from 'node:http';

const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  421: 'Misdirected Request',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
  505: 'HTTP Version Not Supported',
};

/** Answers to what may be read in two ways, or was not meant for this connection: it does not go on. */
const endsConnection: ReadonlySet<number> = new Set([400, 413, 421, 431, 501, 505]);

export const decisionIdHeader = 'Sluice-Decision-Id';
export const messageIdHeader = 'SAP_MessageProcessingLogID';

/**
 * Answers with a problem document (RFC 9457). Members are in one order and depend on the status alone, so that every
 * kind of unknown caller gets the same bytes but for the id of the decision.
 */
export function respondWithProblem(
  response: ServerResponse,
  status: number,
  members: {
    readonly decisionId?: string;
    readonly detail?: string;
    /** Of a message that has an entry. */
    readonly messageProcessingLogId?: string;
    /** Of one that has none, or perhaps none: the header stands for an entry. */
    readonly messageId?: string;
  } = {},
): void {
  // The listener answered: the request could not be read to its end.
  if (response.writableEnded) return;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (endsConnection.has(status)) response.shouldKeepAlive = false;
  const body = JSON.stringify({ type: 'about:blank', title: titles[status] ?? 'Error', status, ...members });
  response.writeHead(status, {
    'content-type': 'application/problem+json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...(members.decisionId ? { [decisionIdHeader]: members.decisionId } : {}),
    ...(members.messageProcessingLogId ? { [messageIdHeader]: members.messageProcessingLogId } : {}),
    ...(status === 503 ? { 'retry-after': '1' } : {}),
  });
  response.end(body);
}
