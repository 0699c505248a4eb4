import { type FlowErrorCode, FlowProcessingError } from '@sluice/domain';
import { valueToText } from '../expression/convert-value.js';
import { HeaderMap } from '../message/header-map.js';
import { Message } from '../message/message.js';
import type { HttpSender } from '../model/channel-definition.js';
import type { FlowOutcome } from '../run/flow-outcome.js';
import { isReservedHeader } from './reserved-headers.js';
import { remembered } from './remembered-names.js';
import { matchesHeaderPattern } from '../step/header-pattern.js';
import { SOAP_11, SOAP_12, unwrapSoap } from '../step/soap-envelope.js';
import { escapeText, serializeXml } from '@sluice/xml';

/** A request as it came to the endpoint of an HTTP sender channel. */
export interface SenderRequest {
  readonly method: string;
  /** What stands behind the channel's address in the path; empty without `/*`. */
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  readonly url: string;
  /** Names in any case; repeated headers joined. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
}

export interface SenderReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
}

/**
 * Headers of one hop and with secrets, with `-` for whatever is neither letter nor digit: no sender puts them into a flow. Those in which
 * a proxy says who the caller is are known where proxies are, and do not come so far.
 */
const NEVER_ADMITTED =
  /^(host|connection|keep-alive|transfer-encoding|te|trailer|upgrade|expect|content-length|authorization|proxy-.*|cookie|x-csrf-token)$/;
const ALWAYS_ADMITTED = new Set(['content-type', 'content-encoding', 'soapaction', 'accept']);
/** What never goes back: Camel's and the product's own, of one hop, and whatever carries a secret. */
const NEVER_RETURNED =
  /^(host|connection|keep-alive|transfer-encoding|te|trailer|upgrade|expect|content-length|accept|accept-encoding|user-agent|camel.*|sap_.*|sapdatastoreid|soapaction|authorization|proxy-.*|cookie|set-cookie|.*(password|secret|token|api-?key|credential).*)$/i;

/**
 * Makes the message of a request: admits headers as the channel says, and takes the body out of its SOAP envelope for a
 * SOAP or IDOC channel.
 * @throws FlowProcessingError `xml-malformed`, `xml-limit-exceeded` when the envelope is not one
 */
export function readSenderRequest(channel: HttpSender, request: SenderRequest): Message {
  const rules = rulesOf(channel);
  const headers = new HeaderMap();
  for (const name in request.headers) {
    if (rules.admits(name)) headers.set(name, request.headers[name]);
  }
  headers.setFolded('camelhttpmethod', 'CamelHttpMethod', request.method);
  headers.setFolded('camelhttppath', 'CamelHttpPath', request.path);
  if (request.query !== '') headers.setFolded('camelhttpquery', 'CamelHttpQuery', request.query);
  headers.setFolded('camelhttpurl', 'CamelHttpUrl', request.url);
  headers.setFolded('camelservletcontextpath', 'CamelServletContextPath', rules.contextPath);
  const message = new Message({ headers, body: request.body });
  if (channel.adapter === 'HTTPS') return message;
  const envelope = unwrapSoap(message);
  message.properties.set(SOAP_VERSION, envelope.version);
  message.body = envelope.body;
  return message;
}

const SOAP_VERSION = 'SoapVersion';

interface ChannelRules {
  admits(name: string): boolean;
  readonly contextPath: string;
}

const rulesOfChannels = new WeakMap<HttpSender, ChannelRules>();

function rulesOf(channel: HttpSender): ChannelRules {
  const known = rulesOfChannels.get(channel);
  if (known !== undefined) return known;
  const rules: ChannelRules = {
    admits: remembered(
      (name) =>
        !NEVER_ADMITTED.test(name.toLowerCase().replace(/[^a-z0-9]/g, '-')) &&
        !isReservedHeader(name) &&
        (ALWAYS_ADMITTED.has(name.toLowerCase()) || matchesHeaderPattern(name, channel.allowedHeaders)),
    ),
    contextPath: channel.address.replace(/\/\*$/, ''),
  };
  rulesOfChannels.set(channel, rules);
  return rules;
}

const mayReturn = remembered((name) => !NEVER_RETURNED.test(name) && /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name));

/**
 * Makes the answer to a request from what came of the message: 200, 204 if it is empty, 202 for a one-way SOAP call, 500 for
 * a failure with the id of the message processing log, 503 when a store was not to be had (SOAP has 500 for all). A flow may set another success or error status by the header
 * CamelHttpResponseCode as a text of three digits; the status of a receiver, a number there, is not passed on.
 *
 * @param request the request, whose headers are not echoed
 */
export function writeSenderReply(
  channel: HttpSender,
  outcome: FlowOutcome,
  request: SenderRequest,
  messageId: string,
): SenderReply {
  if (outcome.status !== 'COMPLETED') return failureReply(channel, outcome, request, messageId);
  if (channel.adapter === 'SOAP' && channel.messageExchangePattern === 'OneWay')
    return { status: 202, headers: {}, body: '' };
  const { message } = outcome;
  const headers = returnedHeaders(message, request);
  if (channel.adapter !== 'HTTPS') return soapReply(message, headers);
  const code = message.headers.get('CamelHttpResponseCode');
  const chosen = typeof code === 'string' && /^[2-5]\d\d$/.test(code) ? Number(code) : null;
  if (message.isEmpty) return { status: chosen ?? 204, headers: withoutContentType(headers), body: '' };
  return { status: chosen ?? 200, headers, body: message.written() };
}

function returnedHeaders(message: Message, request: SenderRequest): Record<string, string> {
  let came: HeaderMap | undefined;
  const headers: Record<string, string> = {};
  message.headers.forEach((name, value) => {
    if (!mayReturn(name)) return;
    const isType = name.toLowerCase() === 'content-type';
    const text = isType ? (message.writtenType ?? valueToText(value)) : valueToText(value);
    if (!isType) {
      came ??= new HeaderMap(Object.entries(request.headers));
      if (came.get(name) === text) return;
    }
    if (text.length <= 8 * 1024 && !/[^\t\u0020-\u007e\u0080-\u00ff]/.test(text)) headers[name] = text;
  });
  return headers;
}

function withoutContentType(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'content-type'));
}

function soapReply(message: Message, headers: Readonly<Record<string, string>>): SenderReply {
  const version = message.properties.get(SOAP_VERSION) === '1.2' ? '1.2' : '1.1';
  let content: string;
  try {
    const root = message.isEmpty ? null : message.document().firstElement;
    content = root === null ? '' : serializeXml(root);
  } catch (error) {
    if (!(error instanceof FlowProcessingError)) throw error;
    // A text that is no XML is still an answer; inside an envelope it must be escaped.
    content = escapeText(message.text());
  }
  return {
    status: 200,
    headers: { ...withoutContentType(headers), 'Content-Type': soapType(version) },
    body: envelope(version, content),
  };
}

/** What a flow says of a body it wants and cannot read. */
const UNREADABLE = new Set<FlowErrorCode>(['json-malformed', 'xml-malformed', 'csv-malformed']);

/**
 * @returns why the failure is the sender's: its body, unchanged until then, is not of its charset, or there is none. This alone is
 * told without the channel's leave, as it says nothing that the sender did not send.
 */
function faultOfBody({ error, message }: FlowOutcome, request: SenderRequest): string | undefined {
  if (error === undefined || message.body !== request.body) return undefined;
  if (error.code === 'charset-failed' && message.unreadable === error.message) return error.message;
  if (request.body.length === 0 && UNREADABLE.has(error.code))
    return 'The request has no body, and the flow reads one: send it.';
  return undefined;
}

function failureReply(
  channel: HttpSender,
  outcome: FlowOutcome,
  request: SenderRequest,
  messageId: string,
): SenderReply {
  const shown = channel.returnExceptionToSender ? (outcome.error?.message ?? '') : '';
  const text = `The message could not be processed. The id of its message processing log is ${messageId}.`;
  if (channel.adapter === 'HTTPS') {
    const fault = faultOfBody(outcome, request);
    const unavailable = outcome.error?.code === 'store-unavailable';
    const [status, title] =
      fault !== undefined
        ? [400, 'Bad Request']
        : unavailable
          ? [503, 'Service Unavailable']
          : [500, 'Internal Server Error'];
    const problem = {
      type: 'about:blank',
      title,
      status,
      detail: fault ?? (shown === '' ? text : `${text} ${shown}`),
      messageProcessingLogId: messageId,
    };
    const headers = { 'Content-Type': 'application/problem+json', ...(status === 503 ? { 'Retry-After': '1' } : {}) };
    return { status, headers, body: JSON.stringify(problem) };
  }
  const version = outcome.message.properties.get(SOAP_VERSION) === '1.2' ? '1.2' : '1.1';
  const reason = shown === '' ? text : `${text} ${shown}`;
  return { status: 500, headers: { 'Content-Type': soapType(version) }, body: fault(version, 'Receiver', reason) };
}

/**
 * The fault for a request that is no SOAP message, in the version its content type says. SOAP 1.1 §6.2 wants the status 500
 * for every fault, SOAP 1.2 part 2 §7.5.2 wants 400 for one of the sender's.
 */
export function writeSenderFault(version: '1.1' | '1.2', reason: string): SenderReply & { readonly body: string } {
  return {
    status: version === '1.2' ? 400 : 500,
    headers: { 'Content-Type': soapType(version) },
    body: fault(version, 'Sender', reason),
  };
}

function fault(version: '1.1' | '1.2', whose: 'Sender' | 'Receiver', reason: string): string {
  const text = escapeText(reason);
  if (version === '1.2') {
    const code = `<soap:Code><soap:Value>soap:${whose}</soap:Value></soap:Code>`;
    return envelope(
      version,
      `<soap:Fault>${code}<soap:Reason><soap:Text xml:lang="en">${text}</soap:Text></soap:Reason></soap:Fault>`,
    );
  }
  const code = whose === 'Sender' ? 'Client' : 'Server';
  return envelope(
    version,
    `<soap:Fault><faultcode>soap:${code}</faultcode><faultstring>${text}</faultstring></soap:Fault>`,
  );
}

function soapType(version: '1.1' | '1.2'): string {
  return version === '1.2' ? 'application/soap+xml; charset=utf-8' : 'text/xml; charset=utf-8';
}

function envelope(version: '1.1' | '1.2', content: string): string {
  const namespace = version === '1.2' ? SOAP_12 : SOAP_11;
  return `<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="${namespace}"><soap:Body>${content}</soap:Body></soap:Envelope>`;
}
