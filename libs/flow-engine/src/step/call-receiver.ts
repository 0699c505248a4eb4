import type { StepWork } from '../compile/compiled-flow.js';
import type { StepCompiler } from '../compile/step-compiler.js';
import { FlowProcessingError, clip } from '@sluice/domain';
import { valueToText } from '../expression/convert-value.js';
import type { CompiledExpression } from '../expression/expression-context.js';
import { decodeText, encodeText, showText } from '../message/charset.js';
import { Message } from '../message/message.js';
import type {
  HttpReceiver,
  MailReceiver,
  ProcessDirectReceiver,
  ReceiverAuthentication,
  ReceiverChannel,
  SoapReceiver,
} from '../model/channel-definition.js';
import type { RequestReplyStep, SendStep } from '../model/step-definition.js';
import type { HttpResponse } from '../port/flow-ports.js';
import { type Awaitable, andThen } from '../run/awaitable.js';
import type { FlowRun } from '../run/flow-run.js';
import { isReservedHeader } from '../sender/reserved-headers.js';
import { compileAddress } from './address-template.js';
import { matchesHeaderPattern } from './header-pattern.js';
import { unwrapSoap, wrapSoap } from './soap-envelope.js';

/** Calls the receiver. A request-reply takes its answer; a send keeps the message as it was. */
export function compileReceiverCall(step: RequestReplyStep | SendStep, compiler: StepCompiler): StepWork {
  const channel = compiler.definition.receivers.find((receiver) => receiver.id === step.receiver);
  if (channel === undefined) return () => undefined;
  const call = compileChannel(channel, compiler);
  if (step.type === 'requestReply') return call;
  return (run) => {
    const message = run.message;
    const before = message.clone();
    return andThen(call(run), () => {
      message.body = before.body;
      message.headers = before.headers;
    });
  };
}

function compileChannel(channel: ReceiverChannel, compiler: StepCompiler): StepWork {
  switch (channel.adapter) {
    case 'HTTP':
      return compileHttp(channel, compiler);
    case 'SOAP':
      return compileSoap(channel, compiler);
    case 'ProcessDirect':
      return compileProcessDirect(channel, compiler);
    case 'Mail':
      return compileMail(channel, compiler);
  }
}

const WITHOUT_BODY = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE']);
/** In upper case. */
export const httpMethods: ReadonlySet<string> = new Set([
  'GET',
  'POST',
  'PUT',
  'DELETE',
  'PATCH',
  'HEAD',
  'OPTIONS',
  'TRACE',
]);
const ALWAYS_SENT = new Set(['content-type', 'accept', 'accept-language', 'if-match', 'if-none-match', 'soapaction']);
/** Headers that belong to one connection or one hop, or that the HTTP client sets. */
const NEVER_SENT =
  /^(host|content-encoding|content-length|connection|keep-alive|transfer-encoding|te|trailer|upgrade|expect|proxy-.*|camel.*|sap_.*|sapdatastoreid|breadcrumbid)$/i;

function compileHttp(channel: HttpReceiver, compiler: StepCompiler): StepWork {
  const address = compiler.attempt(() => compileAddress(channel.address), 'address') ?? (() => '');
  const query = compiler.simple(channel.query, 'query');
  const method = compiler.simple(channel.method, 'method');
  const authentication = compileAuthentication(channel.authentication, compiler);
  return (run) => {
    const port = run.scope.port('http', 'HTTP receiver');
    const verb = valueToText(method(run)).trim().toUpperCase();
    if (!httpMethods.has(verb))
      throw new FlowProcessingError('receiver-failed', `"${clip(verb)}" is not an HTTP method.`);
    const request = {
      method: verb,
      url: receiverUrl(address(run), valueToText(query(run))),
      headers: requestHeaders(run.message, channel.requestHeaders),
      body: WITHOUT_BODY.has(verb) && !channel.sendBody ? null : (run.message.takeStreamed() ?? run.message.bytes()),
      timeoutMs: run.scope.timeLeft(channel.timeoutMs),
      authentication: authentication(run),
      retries: channel.retries,
      retryIntervalMs: channel.retryIntervalMs,
    };
    return andThen(port.send(request), (response) => takeHttpResponse(run, channel, response));
  };
}

function takeHttpResponse(run: FlowRun, channel: HttpReceiver, response: HttpResponse): void {
  const { message } = run;
  for (const [name, value] of Object.entries(response.headers))
    if (
      !NEVER_SENT.test(name) &&
      !isReservedHeader(name) &&
      (name.toLowerCase() === 'content-type' || matchesHeaderPattern(name, channel.responseHeaders))
    )
      message.headers.set(name, value);
  message.headers.set('CamelHttpResponseCode', response.status);
  const failed = response.status < 200 || response.status > 299;
  if (failed && channel.throwOnFailure)
    throw new FlowProcessingError(
      'receiver-failed',
      `The receiver "${channel.name}" answered with HTTP status ${response.status}.`,
      {
        responseCode: response.status,
        responseBody: showText(response.body.subarray(0, 64 * 1024), response.headers['content-type']),
        responseHeaders: response.headers,
      },
    );
  message.body = response.body;
}

function requestHeaders(message: Message, patterns: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of message.headers) {
    if (NEVER_SENT.test(name)) continue;
    if (!ALWAYS_SENT.has(name.toLowerCase()) && !matchesHeaderPattern(name, patterns)) continue;
    const isType = name.toLowerCase() === 'content-type';
    const text = isType ? (message.writtenType ?? valueToText(value)) : valueToText(value);
    if (/[\r\n\0]/.test(text))
      throw new FlowProcessingError(
        'receiver-failed',
        `The header "${clip(name)}" holds a line break and cannot be sent.`,
      );
    headers[name] = text;
  }
  return headers;
}

/** The URL a receiver is called by. @throws FlowProcessingError `receiver-failed` for what is no http or https address */
export function receiverUrl(address: string, query: string): string {
  const joined = query === '' ? address : `${address}${address.includes('?') ? '&' : '?'}${query}`;
  let url: URL;
  try {
    url = new URL(joined);
  } catch (error) {
    throw new FlowProcessingError('receiver-failed', `"${clip(address)}" is not an address.`, { cause: error });
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new FlowProcessingError('receiver-failed', `"${clip(address)}" is neither an http nor an https address.`);
  if (url.username !== '' || url.password !== '')
    throw new FlowProcessingError(
      'receiver-failed',
      'An address must not hold a user or password; name a credential instead.',
    );
  return url.href;
}

function compileAuthentication(
  authentication: ReceiverAuthentication,
  compiler: StepCompiler,
): (run: FlowRun) => ReceiverAuthentication {
  if (authentication.type === 'None') return () => authentication;
  if (authentication.type === 'ClientCertificate') {
    const alias = compiler.simple(authentication.keyAlias, 'authentication.keyAlias');
    return (run) => ({ type: 'ClientCertificate', keyAlias: valueToText(alias(run)) });
  }
  const { type } = authentication;
  const credential: CompiledExpression = compiler.simple(authentication.credential, 'authentication.credential');
  return (run) => ({ type, credential: valueToText(credential(run)) });
}

function compileSoap(channel: SoapReceiver, compiler: StepCompiler): StepWork {
  const address = compiler.attempt(() => compileAddress(channel.address), 'address') ?? (() => '');
  const action = compiler.simple(channel.soapAction, 'soapAction');
  const authentication = compileAuthentication(channel.authentication, compiler);
  const soap12 = channel.soapVersion === '1.2';
  return (run) => {
    const port = run.scope.port('http', 'SOAP receiver');
    const soapAction = valueToText(action(run)) || valueToText(run.message.headers.get('SOAPAction'));
    const contentType = soap12
      ? `application/soap+xml; charset=utf-8${soapAction === '' ? '' : `; action="${soapAction.replaceAll('"', '')}"`}`
      : 'text/xml; charset=utf-8';
    const request = {
      method: 'POST',
      url: receiverUrl(address(run), ''),
      headers: {
        'Content-Type': contentType,
        ...(soap12 ? {} : { SOAPAction: `"${soapAction.replaceAll('"', '')}"` }),
      },
      body: encodeText(wrapSoap(run.message, channel.soapVersion), 'UTF-8'),
      timeoutMs: run.scope.timeLeft(channel.timeoutMs),
      authentication: authentication(run),
      retries: 0,
      retryIntervalMs: 0,
    };
    return andThen(port.send(request), (response) => {
      run.message.headers.set('CamelHttpResponseCode', response.status);
      const text = decodeText(response.body, response.headers['content-type']);
      const reply = text.trim() === '' ? null : new Message({ body: text });
      const content = reply === null ? { fault: null, body: '' } : unwrapSoap(reply);
      if (content.fault !== null || response.status < 200 || response.status > 299)
        throw new FlowProcessingError(
          'receiver-failed',
          content.fault === null
            ? `The receiver "${channel.name}" answered with HTTP status ${response.status}.`
            : `The receiver "${channel.name}" answered with a SOAP fault: ${clip(content.fault, 400)}`,
          { responseCode: response.status, responseBody: text.slice(0, 64 * 1024) },
        );
      run.message.body = content.body;
      if (reply !== null) run.message.headers.set('Content-Type', 'application/xml');
    });
  };
}

function compileProcessDirect(channel: ProcessDirectReceiver, compiler: StepCompiler): StepWork {
  const address = compiler.simple(channel.address, 'address');
  return (run) => {
    const port = run.scope.port('processDirect', 'ProcessDirect');
    // Properties belong to one flow; headers and body travel.
    const outgoing = new Message({ headers: run.message.headers.clone(), body: run.message.body });
    outgoing.attachments = run.message.attachments;
    return andThen(port.call(valueToText(address(run)), outgoing, run.scope.asCaller()), (reply) => {
      run.message.body = reply.body;
      run.message.headers = reply.headers;
      run.message.attachments = reply.attachments;
    });
  };
}

function compileMail(channel: MailReceiver, compiler: StepCompiler): StepWork {
  const texts = {
    from: compiler.simple(channel.from, 'from'),
    to: compiler.simple(channel.to, 'to'),
    cc: compiler.simple(channel.cc, 'cc'),
    bcc: compiler.simple(channel.bcc, 'bcc'),
    subject: compiler.simple(channel.subject, 'subject'),
    body: compiler.simple(channel.body, 'body'),
  };
  const line = (expression: CompiledExpression, run: FlowRun): string =>
    valueToText(expression(run))
      .replace(/[\r\n]+/g, ' ')
      .trim();
  return (run): Awaitable<void> =>
    run.scope.port('mail', 'mail receiver').send({
      receiver: {
        server: channel.server,
        security: channel.security,
        authentication: channel.authentication,
        credential: channel.credential,
        timeoutMs: channel.timeoutMs,
      },
      from: line(texts.from, run),
      to: line(texts.to, run),
      cc: line(texts.cc, run),
      bcc: line(texts.bcc, run),
      subject: line(texts.subject, run),
      body: valueToText(texts.body(run)),
      contentType: channel.contentType,
      attachments: run.message.attachments,
    });
}
