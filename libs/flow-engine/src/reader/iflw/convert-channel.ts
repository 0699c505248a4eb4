import type {
  HttpSenderSettings,
  MailReceiver,
  ReceiverAuthentication,
  ReceiverChannel,
  SenderAuthorization,
  SenderChannel,
  TimerSchedule,
} from '../../model/channel-definition.js';
import { checkAddress } from '../../model/check-address.js';
import { checkAuthorization } from '../../model/check-authorization.js';
import { CLIENT_CERTIFICATE_WARNING, DEFAULT_BODY_SIZE_MB, DEFAULT_ROLE } from '../native/build-sender.js';
import type { IflwContext, IflwElement } from './iflw-element.js';
import { nearestAdapter } from './unsupported-catalog.js';

export interface FlowSettings {
  readonly allowedHeaders: readonly string[];
  readonly returnExceptionToSender: boolean;
}

/** @returns the sender channel of a message flow, or null after reporting why there is none */
export function convertSender(
  channel: IflwElement,
  process: string,
  settings: FlowSettings,
  context: IflwContext,
): SenderChannel | null {
  const adapter = adapterOf(channel);
  const base = { id: channel.id, name: channel.name || adapter, process };
  switch (adapter) {
    case 'HTTPS':
      return { ...httpSettings(channel, base, channel.get('urlPath'), settings, context), adapter: 'HTTPS' };
    case 'SOAP': {
      checkWsSecurity(channel, 'WSSecurity', context);
      if (/RM|Reliable/i.test(channel.get('MessageProtocol')))
        context.problem(
          'unsupported-setting',
          channel,
          `The protocol "${channel.get('MessageProtocol')}" is not spoken.`,
          'SOAP 1.x',
        );
      const oneWay = /^oneway$/i.test(channel.get('messageExchangePattern'));
      return {
        ...httpSettings(channel, base, channel.get('address'), settings, context),
        adapter: 'SOAP',
        messageExchangePattern: oneWay ? 'OneWay' : 'RequestReply',
      };
    }
    case 'IDOC':
      return { ...httpSettings(channel, base, channel.get('address'), settings, context), adapter: 'IDOC' };
    case 'ProcessDirect':
      return { ...base, adapter: 'ProcessDirect', address: checkedAddress(channel, channel.get('address'), context) };
    default:
      context.problem(
        'unsupported-adapter',
        channel,
        `The sender adapter "${adapter}" is not offered.`,
        nearestAdapter(adapter, 'sender'),
      );
      return null;
  }
}

function adapterOf(channel: IflwElement): string {
  return channel.get('ComponentType') || /cname::(?:sap:)?([^/]+)/.exec(channel.get('cmdVariantUri'))?.[1] || 'unknown';
}

function checkedAddress(channel: IflwElement, address: string, context: IflwContext): string {
  const normal = address.startsWith('/') || address === '' ? address : `/${address}`;
  const wrong = normal.includes('{{') ? null : checkAddress(normal);
  if (wrong !== null)
    context.problem('invalid-address', channel, `${wrong} ("${address}")`, 'set the parameter of the address');
  return normal;
}

function httpSettings(
  channel: IflwElement,
  base: { id: string; name: string; process: string },
  address: string,
  settings: FlowSettings,
  context: IflwContext,
): HttpSenderSettings {
  return {
    ...base,
    address: checkedAddress(channel, address, context),
    authorization: authorizationOf(channel, context),
    maximumBodySizeMb: channel.integer('maximumBodySize', DEFAULT_BODY_SIZE_MB, 1),
    allowedHeaders: settings.allowedHeaders,
    csrfProtection: channel.flag('xsrfProtection'),
    returnExceptionToSender: settings.returnExceptionToSender,
  };
}

function authorizationOf(channel: IflwElement, context: IflwContext): SenderAuthorization {
  const type = channel.get('senderAuthType') || 'RoleBased';
  if (type === 'RoleBased') {
    const authorization = { type: 'UserRole', role: channel.get('userRole') || DEFAULT_ROLE } as const;
    if (!authorization.role.includes('{{')) reportFaults(authorization, channel, context);
    return authorization;
  }
  if (type !== 'ClientCertificate') {
    if (!type.includes('{{'))
      context.problem(
        'unsupported-setting',
        channel,
        `The authorization "${type}" is not offered.`,
        'RoleBased (user role) or ClientCertificate',
      );
    return { type: 'UserRole', role: DEFAULT_ROLE };
  }
  const certificates = channel
    .table('clientCertificates')
    .map((row) => ({
      subjectDN: row.get('clientCertificate.subjectDN') ?? row.get('0') ?? '',
      issuerDN: row.get('clientCertificate.issuerDN') ?? row.get('1') ?? '',
    }))
    .filter(({ subjectDN, issuerDN }) => subjectDN !== '' || issuerDN !== '');
  if (certificates.length === 0)
    context.problem(
      'missing-key',
      channel,
      'Authorization by client certificate lists no subject and issuer DN.',
      'a user role',
    );
  else if (certificates.some(({ subjectDN, issuerDN }) => subjectDN === '' || issuerDN === ''))
    context.problem('missing-key', channel, 'A pair of DNs lacks its subject or its issuer.');
  else reportFaults({ type: 'ClientCertificate', certificates }, channel, context);
  context.warn(CLIENT_CERTIFICATE_WARNING.code, channel, CLIENT_CERTIFICATE_WARNING.message);
  return { type: 'ClientCertificate', certificates };
}

function reportFaults(authorization: SenderAuthorization, channel: IflwElement, context: IflwContext): void {
  for (const { path, message } of checkAuthorization(authorization))
    context.problem('invalid-value', channel, `${path}: ${message}`);
}

function checkWsSecurity(channel: IflwElement, key: string, context: IflwContext): void {
  const value = channel.get(key);
  if (value !== '' && value !== 'None')
    context.problem(
      'unsupported-setting',
      channel,
      `WS-Security ("${value}") is not offered.`,
      'TLS with a client certificate',
    );
}

/** @returns the receiver channel of a message flow, or null after reporting why there is none */
export function convertReceiver(channel: IflwElement, context: IflwContext): ReceiverChannel | null {
  const adapter = adapterOf(channel);
  const base = { id: channel.id, name: channel.name || adapter };
  checkProxy(channel, context);
  if (['HTTP', 'SOAP'].includes(adapter) && (channel.get('httpAddressWithoutQuery') || channel.get('address')) === '')
    context.warn('incomplete-configuration', channel, 'The receiver has no address; calls will fail until it has one.');
  switch (adapter) {
    case 'HTTP':
      return {
        ...base,
        adapter: 'HTTP',
        address: channel.get('httpAddressWithoutQuery'),
        query: channel.get('httpAddressQuery'),
        method: methodOf(channel),
        sendBody: channel.flag('httpShouldSendBody'),
        timeoutMs: channel.integer('httpRequestTimeout', 60_000, 0) || 60_000,
        authentication: authenticationOf(channel, 'authenticationMethod', context),
        requestHeaders: headerList(channel, ['allowedRequestHeaders', 'whitelistRequestHeaders'], ['*']),
        responseHeaders: headerList(channel, ['allowedResponseHeaders', 'whitelistResponseHeaders'], ['*']),
        throwOnFailure: channel.flag('throwExceptionOnFailure', true),
        retries: channel.flag('retryOnConnectionFailure') ? Math.min(channel.integer('retryIteration', 1), 10) : 0,
        retryIntervalMs: channel.integer('retryInterval', 5) * 1000,
      };
    case 'SOAP':
      checkWsSecurity(channel, 'WSSecurity_outbound', context);
      return {
        ...base,
        adapter: 'SOAP',
        address: channel.get('address'),
        soapVersion: /1\.2/.test(channel.get('MessageProtocol')) ? '1.2' : '1.1',
        soapAction: channel.get('operationName') === '' ? '' : channel.get('soapAction'),
        timeoutMs: channel.integer('requestTimeout', 60_000, 0) || 60_000,
        authentication: authenticationOf(channel, 'authentication', context),
        cleanupHeaders: channel.flag('cleanupHeaders', true),
      };
    case 'ProcessDirect':
      return { ...base, adapter: 'ProcessDirect', address: receiverAddress(channel, context) };
    case 'Mail':
      return { ...base, ...mailSettings(channel, context) };
    default:
      context.problem(
        'unsupported-adapter',
        channel,
        `The receiver adapter "${adapter}" is not offered.`,
        nearestAdapter(adapter, 'receiver'),
      );
      return null;
  }
}

function receiverAddress(channel: IflwElement, context: IflwContext): string {
  const address = channel.get('address');
  return address.includes('${') ? address : checkedAddress(channel, address, context);
}

function methodOf(channel: IflwElement): string {
  const method = channel.get('httpMethod') || 'POST';
  return method.toLowerCase() === 'dynamic' ? channel.get('methodSourceExpression') : method;
}

function headerList(channel: IflwElement, keys: readonly string[], absent: readonly string[]): readonly string[] {
  const key = keys.find((candidate) => channel.raw(candidate) !== undefined);
  if (key === undefined) return absent;
  return splitHeaders(channel.get(key));
}

/** @returns the names of a list separated by `|` */
export function splitHeaders(list: string): readonly string[] {
  return list
    .split(/[|,]/)
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

function checkProxy(channel: IflwElement, context: IflwContext): void {
  const proxy = channel.get('proxyType');
  if (/^(sapcc|onpremise|on-premise|cloudConnector)$/i.test(proxy))
    context.problem(
      'unsupported-setting',
      channel,
      'The cloud connector is not offered.',
      'an address this runtime reaches itself',
    );
  else if (/^manual$/i.test(proxy) && channel.get('proxyHost') !== '')
    context.problem(
      'unsupported-setting',
      channel,
      'A proxy of a channel is not offered.',
      'an address this runtime reaches itself',
    );
}

function authenticationOf(channel: IflwElement, key: string, context: IflwContext): ReceiverAuthentication {
  const method = channel.get(key).trim();
  const credential = channel.get('credentialName');
  switch (method.toLowerCase().replace(/[\s_-]/g, '')) {
    case '':
    case 'none':
      return { type: 'None' };
    case 'basic':
      return { type: 'Basic', credential: required(channel, credential, 'credentialName', context) };
    case 'oauth2clientcredentials':
      return { type: 'OAuth2ClientCredentials', credential: required(channel, credential, 'credentialName', context) };
    case 'clientcertificate':
    case 'certificate':
      return { type: 'ClientCertificate', keyAlias: channel.get('privateKeyAlias') };
    default:
      if (!method.includes('{{'))
        context.problem(
          'unsupported-setting',
          channel,
          `The authentication "${method}" is not offered.`,
          'None, Basic, OAuth2 Client Credentials or Client Certificate',
        );
      return { type: 'None' };
  }
}

function required(channel: IflwElement, value: string, key: string, context: IflwContext): string {
  if (value === '')
    context.warn(
      'incomplete-configuration',
      channel,
      `The authentication names no ${key}; calls will fail until it does.`,
    );
  return value;
}

function mailSettings(channel: IflwElement, context: IflwContext): Omit<MailReceiver, 'id' | 'name'> {
  if (!['', 'none'].includes(channel.get('encrypt.type').toLowerCase()))
    context.problem('unsupported-setting', channel, 'S/MIME is not offered.', 'STARTTLS to the mail server');
  if (channel.flag('keep_attachments'))
    context.warn('ignored-setting', channel, 'Attachments of the message are sent only if the mail port does so.');
  const ssl = channel.get('ssl');
  const auth = channel.get('auth');
  return {
    adapter: 'Mail',
    server: channel.get('server'),
    security: ssl === 'smtps' || ssl === 'starttls_required' || ssl === 'starttls_optional' ? ssl : 'off',
    authentication: auth === 'loginPlain' ? 'loginPlain' : auth === '' || auth === 'none' ? 'none' : 'loginEncrypted',
    credential: channel.get('user'),
    from: channel.get('from'),
    to: channel.get('to'),
    cc: channel.get('cc'),
    bcc: channel.get('bcc'),
    subject: channel.get('subject'),
    body: channel.get('body'),
    contentType: channel.get('content_type') || 'text/plain',
    contentEncoding: channel.get('content_encoding') || 'UTF-8',
    timeoutMs: channel.integer('timeout', 30_000) || 30_000,
  };
}

/** Reads when a timer fires from its schedule table: once, a time of day, or every so many minutes. */
export function convertSchedule(timer: IflwElement, context: IflwContext): TimerSchedule {
  const table = new Map<string, string>();
  for (const row of timer.table('scheduleKey')) table.set(row.get('0') ?? '', row.get('1') ?? '');
  const schedule = table.get('schedule1') ?? '';
  const timeZone =
    /trigger\.timeZone=([^&]+)/.exec(schedule)?.[1] ??
    /\(([A-Za-z_]+\/[A-Za-z_+\-0-9]+)\)\s*$/.exec(table.get('timeZone') ?? '')?.[1] ??
    'UTC';
  if (/fireNow=true/.test(schedule) || /simple\.repeat=NONE/.test(schedule)) return { kind: 'once' };
  const encoded = schedule.split('&')[0] ?? '';
  const quartz = encoded.includes('+') ? encoded.replaceAll('+', ' ') : quartzOf(table);
  if (quartz !== null && /^(\S+ ){5,6}\S+$/.test(quartz)) return { kind: 'cron', expression: quartz, timeZone };
  context.problem(
    'unsupported-setting',
    timer,
    'The schedule of the timer cannot be read.',
    'run once, or a Quartz cron expression',
  );
  return { kind: 'once' };
}

function quartzOf(table: ReadonlyMap<string, string>): string | null {
  const fields = ['second', 'minute', 'hour', 'day_of_month', 'month', 'dayOfWeek', 'year'].map(
    (key) => table.get(key) ?? '',
  );
  if (fields.some((field) => field === '')) return null;
  return fields.join(' ');
}
