import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

const typeA = 1;
const headerBytes = 12;

/** A name server that knows the IPv4 addresses of one name, whatever it is asked for (RFC 1035 §4). */
export class NameServer {
  addresses: readonly string[] = [];

  private constructor(
    readonly port: number,
    readonly stop: () => void,
  ) {}

  static async start(): Promise<NameServer> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const server = new NameServer((socket.address() as AddressInfo).port, () => void socket.close());
    socket.on('message', (query, { address, port }) => socket.send(server.#answer(query), port, address));
    return server;
  }

  #answer(query: Buffer): Buffer {
    let end = headerBytes;
    while (query[end] !== 0) end += (query[end] ?? 0) + 1;
    const question = query.subarray(headerBytes, end + 5);
    const addresses = query.readUInt16BE(end + 1) === typeA ? this.addresses : [];
    const header = Buffer.alloc(headerBytes);
    query.copy(header, 0, 0, 2);
    // An answer, by who may recurse.
    header.writeUInt16BE(0x8180, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(addresses.length, 6);
    const records = addresses.map((address) =>
      // The name of the question, A, IN, one second, four octets.
      Buffer.from([0xc0, headerBytes, 0, typeA, 0, 1, 0, 0, 0, 1, 0, 4, ...address.split('.').map(Number)]),
    );
    return Buffer.concat([header, question, ...records]);
  }
}
