import { PermissionViolationError, type NatsConnection } from '@nats-io/transport-node';

/** How the server took what a client tried. */
export type Outcome = 'refused' | 'no-responders' | 'no-answer' | { readonly answer: string };

/**
 * Publishes with a reply subject and waits. `refused`: the server says that this user may not publish to the subject.
 */
export async function attemptRequest(
  connection: NatsConnection,
  subject: string,
  payload: unknown = '',
  timeoutMs = 1_500,
): Promise<Outcome> {
  const data = typeof payload === 'string' ? payload : JSON.stringify(payload);
  const refusal = refusalOf(connection, 'publish', subject);
  const answered = connection
    .request(subject, data, { timeout: timeoutMs })
    .then((message): Outcome => (message.headers?.code === 503 ? 'no-responders' : { answer: message.string() }))
    .catch((error: unknown): Outcome => {
      const text = `${String(error)} ${String((error as Error).cause ?? '')}`;
      if (/permission/i.test(text)) return 'refused';
      return /no responders/i.test(text) ? 'no-responders' : 'no-answer';
    });
  try {
    return await Promise.race([refusal.seen, answered]);
  } finally {
    refusal.forget();
  }
}

/** Publishes without waiting for an answer. */
export async function attemptPublish(
  connection: NatsConnection,
  subject: string,
  payload = '',
): Promise<'refused' | 'taken'> {
  const refusal = refusalOf(connection, 'publish', subject);
  connection.publish(subject, payload);
  // The server answers in order: a refusal comes before the answer to the ping of a flush.
  const outcome = await Promise.race([refusal.seen, connection.flush().then(() => 'taken' as const)]);
  // The refusal is handed on asynchronously; give it one more round.
  const settled =
    outcome === 'taken' ? await Promise.race([refusal.seen, connection.flush().then(() => 'taken' as const)]) : outcome;
  refusal.forget();
  return settled;
}

export async function attemptSubscribe(connection: NatsConnection, subject: string): Promise<'refused' | 'taken'> {
  const subscription = connection.subscribe(subject);
  const refused = subscription.closed.then(
    (error) => (error instanceof PermissionViolationError ? 'refused' : 'taken') as 'refused' | 'taken',
  );
  const outcome = await Promise.race([
    refused,
    connection
      .flush()
      .then(() => connection.flush())
      .then(() => 'taken' as const),
  ]);
  if (outcome === 'taken') subscription.unsubscribe();
  return outcome;
}

interface RefusalWatch {
  readonly seen: Promise<'refused'>;
  forget(): void;
}

function refusalOf(connection: NatsConnection, operation: 'publish' | 'subscription', subject: string): RefusalWatch {
  const statuses = connection.status();
  let forget: () => void = () => undefined;
  const seen = new Promise<'refused'>((resolve) => {
    let watching = true;
    forget = () => (watching = false);
    void (async () => {
      for await (const status of statuses) {
        if (!watching) return;
        if (status.type !== 'error') continue;
        const { error } = status;
        if (error instanceof PermissionViolationError && error.operation === operation && error.subject === subject)
          return resolve('refused');
      }
    })();
  });
  return { seen, forget };
}
