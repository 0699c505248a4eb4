import {
  RequestError,
  type Msg,
  type NatsConnection,
  type RequestOptions,
  type Payload,
} from '@nats-io/transport-node';

/**
 * A request whose connection is lost gets no answer: it fails at that moment, and while there is no connection every request
 * fails at once. The client itself would let each of them wait for its time-out, and whoever waits would not try elsewhere.
 */
export function failRequestsWithConnection(connection: NatsConnection): void {
  const request = connection.request.bind(connection);
  const inFlight = new Set<(error: Error) => void>();
  let connected = true;
  connection.request = (subject: string, payload?: Payload, options?: RequestOptions) => {
    if (!connected) return Promise.reject(new RequestError('the bus is away'));
    return new Promise<Msg>((resolve, reject) => {
      inFlight.add(reject);
      request(subject, payload, options)
        .then(resolve, reject)
        .finally(() => inFlight.delete(reject));
    });
  };
  void (async () => {
    for await (const { type } of connection.status()) {
      if (type !== 'disconnect' && type !== 'reconnect') continue;
      connected = type === 'reconnect';
      const error = new RequestError('the connection to the bus was lost');
      for (const fail of inFlight) fail(error);
    }
  })();
}
