import { eventStream } from '../event/cloud-event.js';
import type { BusPermissions } from './permissions.js';

/** Subscribers there may be, each with an identity of its own. */
export const maxSubscribers = 64;
/** Consumers that one subscriber may have on the event stream. */
export const maxSubscriberConsumers = 8;
/** Connections that one subscriber may have open. */
export const maxSubscriberConnections = 8;
/** Subscriptions of one connection. */
export const maxSubscriberSubscriptions = 64;
/** Octets of what it publishes: requests to JetStream's API and acknowledgements. */
export const maxSubscriberPayload = 16_384;
/**
 * What a consumer on the event stream may ask of the server. What is out of it comes again faster than anybody works it off, or is
 * kept in the server's memory without end.
 */
export const consumerBounds = {
  /** Before a message that was not acknowledged comes again. */
  minAckWaitMs: 1_000,
  /** Messages that are out and not acknowledged. */
  maxAckPending: 1_000,
  /** Requests for messages that wait in the server. */
  maxWaiting: 512,
} as const;
/** A connection ends after this and is decided on anew, so that a revocation holds though nobody heard of it. */
export const subscriberSessionSeconds = 3_600;

/** What a subscriber may be called: its consumers and its inbox have this name, and no name is a part of another's. */
export const subscriberName = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/;

/** The account that subscribers are put into. */
export const subscriberAccount = 'SUBSCRIBERS';
/** Before the id in the name that a connection of a subscriber has for the server, and no user of the configuration. */
export const subscriberUserPrefix = 'subscriber/';

/** The consumers a subscriber may make; the name alone for who needs one. */
export function subscriberConsumers(name: string): string[] {
  return [name, ...Array.from({ length: maxSubscriberConsumers - 1 }, (_, index) => `${name}_${index + 1}`)];
}

/** Where its answers come; nobody else may listen there. */
export function subscriberInboxPrefix(name: string): string {
  return `_INBOX_${name}`;
}

const jsApi = (suffix: string) => `$JS.API.${suffix}`;

/** Reads the event stream and says nothing of anybody's consumers. */
export const readEvents: readonly string[] = [
  jsApi('INFO'),
  jsApi('STREAM.NAMES'),
  jsApi('STREAM.LIST'),
  jsApi(`STREAM.INFO.${eventStream}`),
  jsApi(`STREAM.MSG.GET.${eventStream}`),
  jsApi(`DIRECT.GET.${eventStream}`),
  jsApi(`DIRECT.GET.${eventStream}.>`),
];

/**
 * What a subscriber may do: read the event stream, and make and use consumers of its own names. A consumer belongs to whoever
 * knows its name, as far as NATS is concerned; so each name is permitted to one subscriber, and their number is bounded by it.
 */
export function subscriberPermissions(name: string): BusPermissions {
  return {
    publish: [
      ...readEvents,
      ...subscriberConsumers(name).flatMap((consumer) => [
        jsApi(`CONSUMER.CREATE.${eventStream}.${consumer}`),
        jsApi(`CONSUMER.CREATE.${eventStream}.${consumer}.>`),
        jsApi(`CONSUMER.DURABLE.CREATE.${eventStream}.${consumer}`),
        jsApi(`CONSUMER.INFO.${eventStream}.${consumer}`),
        jsApi(`CONSUMER.DELETE.${eventStream}.${consumer}`),
        jsApi(`CONSUMER.MSG.NEXT.${eventStream}.${consumer}`),
        `$JS.ACK.${eventStream}.${consumer}.>`,
      ]),
    ],
    subscribe: [`${subscriberInboxPrefix(name)}.>`],
  };
}

/** Subjects by which the one service that decides who is a subscriber talks with the servers; its user may use no other. */
export const callout = {
  account: 'CALLOUT',
  inboxPrefix: '_INBOX_callout',
  /** Where a server asks whether a connection may be; it chooses a reply subject below `replies`. */
  request: '$SYS.REQ.USER.AUTH',
  replies: '$SYS._INBOX.',
  /** What connections there are. Every server answers. */
  connections: 'servers.connections',
  /** How many servers there are. Every server answers. */
  statistics: 'servers.statistics',
  kick: (serverId: string) => `$SYS.REQ.SERVER.${serverId}.KICK`,
  /** What consumers there are on the event stream, with their settings. */
  listConsumers: jsApi(`CONSUMER.LIST.${eventStream}`),
  deleteConsumer: (consumer: string) => jsApi(`CONSUMER.DELETE.${eventStream}.${consumer}`),
} as const;

export const calloutPermissions: BusPermissions = {
  publish: [
    `${callout.replies}*.*`,
    callout.connections,
    callout.statistics,
    callout.kick('*'),
    callout.listConsumers,
    callout.deleteConsumer('*'),
  ],
  subscribe: [callout.request, `${callout.inboxPrefix}.>`],
};
