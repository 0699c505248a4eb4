import { httpStatusOf } from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import { currentRequest } from '@sluice/messaging';
import { ON_FAULT } from '@sluice/service-shell';
import { Catch, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { ProblemFilter, type Reply } from '../http/problem-filter.js';
import { problemPage, problemPageHeaders } from './problem-page.js';

/** For calls that a browser makes by going there: a person gets a page to read, a program the problem document. */
@Catch()
export class SignInFilter implements ExceptionFilter {
  readonly #problems: ProblemFilter;

  constructor(@Inject(ON_FAULT) onFault: (error: unknown, what: string) => void) {
    this.#problems = new ProblemFilter(onFault);
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const { headers } = http.getRequest<{ headers: Readonly<Record<string, string | string[] | undefined>> }>();
    if (!(error instanceof SluiceError) || !/\btext\/html\b/.test(String(headers['accept'])))
      return this.#problems.catch(error, host);
    const reply = http.getResponse<Reply>().status(httpStatusOf[error.code]);
    for (const [name, value] of Object.entries(problemPageHeaders)) reply.header(name, value);
    if (error.code === 'too-many-attempts') reply.header('retry-after', String(error.details?.['retryAfterSeconds']));
    if (error.code === 'unauthenticated') reply.header('www-authenticate', 'Bearer realm="sluice"');
    if (error.code === 'unavailable') reply.header('retry-after', '5');
    reply.send(problemPage(sentencesOf(error), currentRequest()?.requestId));
  }
}

function sentencesOf({ message, details }: SluiceError): string {
  const violations = details?.['violations'];
  if (!Array.isArray(violations)) return message;
  return (violations as { field: string; message: string }[])
    .map(({ field, message }) => `${field} ${message}.`)
    .join(' ');
}
