import { subscriberSessionSeconds } from '@sluice/contracts';
import type { Metrics } from '@sluice/service-shell';
import type { NatsConnection } from '@nats-io/transport-node';
import { AdmitSubscriber } from './admit-subscriber.js';
import { AnswerCallouts } from './answer-callouts.js';
import type { SigningKey } from './nkey.js';
import { ReviewConnections } from './review-connections.js';
import { Servers } from './servers.js';
import type { Subscribers } from './subscribers.js';

/** The longest that a connection lives on when nobody could end it at its revocation. */
const reviewEveryMs = 10_000;

export interface ServeSubscribersOptions {
  /** Of the user whom the servers ask. */
  readonly connection: NatsConnection;
  readonly subscribers: Subscribers;
  /** What answers are signed with. */
  readonly issuer: SigningKey;
  readonly metrics: Metrics;
  readonly onFault: (error: unknown, what: string) => void;
  /** Wall clock, in milliseconds. */
  readonly now: () => number;
  readonly sessionSeconds?: number;
  readonly reviewEveryMs?: number;
}

/** Answers the servers of NATS who may subscribe, and looks at the connections there are all the time. @returns what ends it */
export function serveSubscribers(options: ServeSubscribersOptions): () => void {
  const { connection, subscribers, issuer, metrics, onFault, now } = options;
  const questions = metrics.counter(
    'sluice_subscriber_questions_total',
    'Connections that a server of NATS asked about, by what was answered.',
    ['outcome'],
  );
  const ended = metrics.counter(
    'sluice_subscriber_connections_ended_total',
    'Connections ended because they were no subscriber’s any more.',
  );
  const consumersEnded = metrics.counter(
    'sluice_subscriber_consumers_ended_total',
    'Consumers deleted because their settings were out of bounds.',
  );
  const servers = new Servers(connection);
  const review = new ReviewConnections({
    openConnections: () => servers.openConnections(),
    end: (open) => servers.end(open),
    stillSubscribers: (ids) => subscribers.stillSubscribers(ids),
    seen: (ids) => subscribers.seen(ids),
    onEnded: (count) => ended.add(count),
  });
  metrics.gauge('sluice_subscriber_connections', 'Open connections of subscribers.', () => review.connections);
  const admit = new AdmitSubscriber({
    issuer,
    sessionSeconds: options.sessionSeconds ?? subscriberSessionSeconds,
    now,
    find: (publicKey) => subscribers.find(publicKey),
    count: (id) => review.count(id),
  });
  const answers = new AnswerCallouts({
    connection,
    execute: (token) => admit.execute(token),
    onOutcome: (outcome) => questions.inc({ outcome }),
    onFault: (error) => onFault(error, 'deciding who may subscribe'),
    clock: () => performance.now(),
  });
  subscribers.reached = { servers, review };
  answers.start();
  const timer = setInterval(() => {
    void review.run().catch((error: unknown) => onFault(error, 'looking at the connections of subscribers'));
    void servers.deleteConsumersOutOfBounds().then(
      (names) => names.length > 0 && consumersEnded.add(names.length),
      (error: unknown) => onFault(error, 'looking at the consumers of subscribers'),
    );
  }, options.reviewEveryMs ?? reviewEveryMs);
  return () => {
    clearInterval(timer);
    answers.stop();
    subscribers.reached = undefined;
  };
}
