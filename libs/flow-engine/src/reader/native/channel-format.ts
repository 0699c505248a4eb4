import { senderAuthentications } from '@sluice/domain';
import { receiverDescriptions, senderDescriptions } from './format-descriptions.js';
import { choice, flag, integer, listOf, named, object, optional, required, taggedBy, text } from './shape.js';

/** Of a step or a channel. */
export const NAME = optional(text({ description: 'for people; shown in the message processing log' }));

const authorization = named('authorization', () =>
  taggedBy('type', {
    UserRole: object({
      type: required(choice(['UserRole'])),
      role: optional(text({ minLength: 1, description: 'default ESBMessaging.send' })),
    }),
    ClientCertificate: object({
      type: required(choice(['ClientCertificate'])),
      certificates: required(
        listOf(
          object({
            subjectDN: required(text({ minLength: 1, description: 'RFC 4514' })),
            issuerDN: required(text({ minLength: 1, description: 'RFC 4514' })),
          }),
          { minItems: 1 },
        ),
      ),
    }),
  }),
);

const httpSender = {
  name: NAME,
  address: required(text({ minLength: 1, description: 'begins with /; /* at the end only' })),
  authorization: optional(authorization),
  authentication: optional(
    listOf(choice(senderAuthentications), {
      minItems: 1,
      description:
        'by what a caller may show who it is; default certificate and token, and certificate alone where the authorization is ClientCertificate. basic, a secret with each call, is for tests',
    }),
  ),
  maximumBodySizeMb: optional(integer({ minimum: 1, maximum: 1024, description: 'default 40' })),
  allowedHeaders: optional(listOf(text({ minLength: 1 }), { description: 'names or patterns; default all' })),
  maximumConcurrency: optional(
    integer({ minimum: 1, maximum: 10_000, description: 'messages of the flow worked on at once; default 256' }),
  ),
  maximumQueued: optional(
    integer({ minimum: 0, maximum: 100_000, description: 'messages that wait for their turn; default 1024' }),
  ),
  csrfProtection: optional(flag('default false')),
  returnExceptionToSender: optional(flag('default false')),
};

/** Where the messages of a flow come from. */
export const sender = named('sender', () =>
  taggedBy(
    'adapter',
    {
      HTTPS: object({ adapter: required(choice(['HTTPS'])), ...httpSender }),
      SOAP: object({
        adapter: required(choice(['SOAP'])),
        ...httpSender,
        messageExchangePattern: optional(choice(['OneWay', 'RequestReply'], 'default RequestReply')),
      }),
      IDOC: object({ adapter: required(choice(['IDOC'])), ...httpSender }),
      ProcessDirect: object({
        adapter: required(choice(['ProcessDirect'])),
        name: NAME,
        address: required(text({ minLength: 1 })),
      }),
      Timer: object({
        adapter: required(choice(['Timer'])),
        name: NAME,
        cron: optional(
          text({
            minLength: 1,
            description: 'Quartz: second minute hour day month weekday; without it the timer fires once',
          }),
        ),
        timeZone: optional(text({ minLength: 1, description: 'IANA name, default UTC' })),
      }),
    },
    senderDescriptions,
  ),
);

const authentication = named('authentication', () =>
  taggedBy('type', {
    None: object({ type: required(choice(['None'])) }),
    Basic: object({ type: required(choice(['Basic'])), credential: required(text({ minLength: 1 })) }),
    OAuth2ClientCredentials: object({
      type: required(choice(['OAuth2ClientCredentials'])),
      credential: required(text({ minLength: 1 })),
    }),
    ClientCertificate: object({
      type: required(choice(['ClientCertificate'])),
      keyAlias: required(text({ minLength: 1 })),
    }),
  }),
);

/** What the steps `requestReply` and `send` call. */
export const receiver = named('receiver', () =>
  taggedBy(
    'adapter',
    {
      HTTP: object({
        adapter: required(choice(['HTTP'])),
        name: NAME,
        address: required(text({ minLength: 1 })),
        query: optional(text()),
        method: optional(text({ minLength: 1, description: 'default POST' })),
        sendBody: optional(flag('for GET, DELETE and HEAD; default false')),
        timeoutMs: optional(integer({ minimum: 1, maximum: 3_600_000, description: 'default 60000' })),
        authentication: optional(authentication),
        requestHeaders: optional(listOf(text({ minLength: 1 }))),
        responseHeaders: optional(listOf(text({ minLength: 1 }))),
        throwOnFailure: optional(flag('default true')),
        retries: optional(integer({ minimum: 0, maximum: 10 })),
        retryIntervalMs: optional(integer({ minimum: 0, maximum: 600_000 })),
      }),
      SOAP: object({
        adapter: required(choice(['SOAP'])),
        name: NAME,
        address: required(text({ minLength: 1 })),
        soapVersion: optional(choice(['1.1', '1.2'])),
        soapAction: optional(text()),
        timeoutMs: optional(integer({ minimum: 1, maximum: 3_600_000 })),
        authentication: optional(authentication),
        cleanupHeaders: optional(flag()),
      }),
      ProcessDirect: object({
        adapter: required(choice(['ProcessDirect'])),
        name: NAME,
        address: required(text({ minLength: 1 })),
      }),
      Mail: object({
        adapter: required(choice(['Mail'])),
        name: NAME,
        server: required(text({ minLength: 1, description: 'host:port' })),
        security: optional(choice(['off', 'starttls_required', 'starttls_optional', 'smtps'])),
        credential: optional(text()),
        from: required(text({ minLength: 1 })),
        to: required(text({ minLength: 1 })),
        cc: optional(text()),
        bcc: optional(text()),
        subject: optional(text()),
        body: optional(text({ description: 'default ${body}' })),
        contentType: optional(text()),
        timeoutMs: optional(integer({ minimum: 1, maximum: 3_600_000 })),
      }),
    },
    receiverDescriptions,
  ),
);
