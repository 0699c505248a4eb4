import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Below the ports that Linux (from 32768), macOS and Windows (from 49152), unless set otherwise, give to connections that go out and to
 * whoever listens on port 0: one of those may be anybody's between the moment it was found free and its use.
 */
const range = { first: 20_000, end: 32_768 };
const attempts = 200;
const given = new Set<number>();

/**
 * A TCP port of the loopback interface that was free a moment ago, that this process was not given before, and that
 * no outgoing connection is given meanwhile where the system has its usual range.
 *
 * @param consecutive how many after one another must be free
 * @returns the first of them
 * @throws Error when none was found in 200 attempts
 */
export async function freePort(consecutive = 1): Promise<number> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const first = randomInt(range.first, range.end - consecutive);
    const ports = Array.from({ length: consecutive }, (_, index) => first + index);
    if (ports.some((port) => given.has(port))) continue;
    for (const port of ports) given.add(port);
    const taken = await Promise.all(ports.map((port) => portIsTaken(port)));
    if (!taken.includes(true)) return first;
  }
  throw new Error(
    `No ${consecutive} free ports after one another between ${range.first} and ${range.end} in ${attempts} attempts.`,
  );
}

/** @returns whether something listens on the port already */
export function portIsTaken(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(true));
    server.listen(port, host, () => server.close(() => resolve(false)));
  });
}
