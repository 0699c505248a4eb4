import type { Server } from 'node:https';
import type { Socket } from 'node:net';

/** Of what still comes on a connection that is being closed so much is taken in, in bytes. */
export const maxDrainedBytes = 64 * 1024 * 1024;

/** So long in all, and so long without a byte, in milliseconds. */
const maxDrainMs = 30_000;
export const maxSilenceMs = 2_000;

const lingering = new WeakMap<Server, Set<Socket>>();

/**
 * Has every connection that ends with an answer closed as RFC 9112 §9.6 says: the sending side first, the other when the
 * peer has closed it. A connection that is closed at once while the peer still sends is reset, and the answer may be lost with
 * it. What comes meanwhile is thrown away unread, up to a bound in bytes and time: no parser sees it any more.
 * @param drainable how much of it is taken in, in bytes
 */
export function lingerBeforeClose(server: Server, drainable: (socket: Socket) => number): void {
  const sockets = new Set<Socket>();
  lingering.set(server, sockets);
  server.on('secureConnection', (socket) => {
    // How Node ends a connection after its last answer.
    socket.destroySoon = () => linger(socket, drainable(socket), sockets);
  });
}

/** Closes what still lingers. */
export function endLingering(server: Server): void {
  lingering.get(server)?.forEach((socket) => socket.destroy());
}

function linger(socket: Socket, drainable: number, sockets: Set<Socket>): void {
  if (socket.destroyed || sockets.has(socket)) return;
  sockets.add(socket);
  if (socket.writable) socket.end();
  const end = () => socket.destroy();
  const silence = setTimeout(end, maxSilenceMs);
  const whole = setTimeout(end, maxDrainMs);
  socket.once('close', () => {
    clearTimeout(silence);
    clearTimeout(whole);
    sockets.delete(socket);
  });
  // The peer has closed its side, too: nothing is lost any more.
  const ended = () => (socket.writableFinished ? end() : socket.once('finish', end));
  if (socket.readableEnded) ended();
  else socket.once('end', ended);
  let left = drainable;
  const drop = (chunk: Buffer) => {
    left -= chunk.length;
    if (left >= 0) silence.refresh();
    // Past the bound the peer is made to wait: one that reads while it sends has the answer, and time to close.
    else socket.pause();
  };
  if (left > 0 && socket.isPaused()) {
    // Node's parser stopped the connection for a body nobody read, and starts it by this event.
    socket.once('resume', () => takeFromParser(socket, drop));
    socket.resume();
  } else {
    takeFromParser(socket, drop);
    if (left === 0) socket.pause();
  }
}

/** Node's parser reads a connection past its `data` events, until somebody else listens to them. */
function takeFromParser(socket: Socket, reader: (chunk: Buffer) => void): void {
  const before = socket.listeners('data') as ((chunk: Buffer) => void)[];
  socket.on('data', reader);
  for (const each of before) socket.off('data', each);
}
