import type { IncomingMessage } from 'node:http';
import { tookChunk } from '../event-loop/collect-chunks.js';
import { freeBodyBytes, type BodyLease, type NoRoom } from '../fair-shares/body-budget.js';
import { askForBody } from './awaited-body.js';

/** The body of a request that has none. */
export const nothing = new Uint8Array();

/** Why a body was not read, or not to its end. */
export type UnreadBody = 'too-large' | NoRoom;

/** Where a body gets its room: the same lease each time. */
export interface BodyRoom {
  lease(): BodyLease;
}

type Done = (body: Uint8Array | UnreadBody) => void;
type Failed = (error: unknown) => void;

/**
 * Reads the whole body, once there is room for it. Callbacks rather than a promise: every request comes through here.
 * @param limit in bytes
 * @param room asked for a lease when the body has more than {@link freeBodyBytes}
 * @param done is given the body, or why it was not read to its end
 * @param failed when the sender went away before the end
 */
export function receiveBody(request: IncomingMessage, limit: number, room: BodyRoom, done: Done, failed: Failed): void {
  const { headers } = request;
  const declared = headers['content-length'] === undefined ? undefined : Number(headers['content-length']);
  if (declared !== undefined && declared > limit) {
    done('too-large');
    return;
  }
  if (request.destroyed && !request.readableEnded) {
    // It went away before anybody listened: it will not say so again.
    failed(request.errored ?? new Error('The sender went away before its body was read.'));
    return;
  }
  if (declared === undefined) gather(request, limit, room, done, failed);
  else if (declared <= freeBodyBytes) gather(request, limit, undefined, done, failed);
  else awaitRoom(request, declared, room.lease(), done, failed);
}

/**
 * @returns the whole body, or why it was not read to its end
 * @throws Error when the sender went away before the end
 */
export function readBody(request: IncomingMessage, limit: number, room: BodyRoom): Promise<Uint8Array | UnreadBody> {
  return new Promise((resolve, reject) => receiveBody(request, limit, room, resolve, reject));
}

/**
 * Lets a small body of a request that is refused pass, so that its connection goes on: what is sent there is less than what a new
 * handshake costs. A large one, or one that waits to be welcome, stays with its sender.
 * @param done called at once when nothing passes, and not at all when the sender goes away
 */
export function passOver(request: IncomingMessage, done: () => void): void {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared === 0 || declared > freeBodyBytes || request.headers.expect !== undefined) return done();
  request.on('error', () => undefined);
  request.on('end', done);
  request.resume();
}

/** A body that says its length: nothing of it is read, and no `100 Continue` sent, before there is room for all of it. */
function awaitRoom(request: IncomingMessage, length: number, lease: BodyLease, done: Done, failed: Failed): void {
  const gone = (error: unknown) => {
    lease.release();
    failed(error);
  };
  const begin = (refused: NoRoom | undefined) => {
    request.off('error', gone);
    if (refused) done(refused);
    else fill(request, lease.lend(length), done, failed);
  };
  const refused = lease.reserve(length, begin);
  if (refused === 'waits') request.on('error', gone);
  else begin(refused);
}

/** Into one piece of memory: pieces that are joined at the end would be there twice. */
function fill(request: IncomingMessage, body: Buffer, done: Done, failed: Failed): void {
  askForBody(request);
  const { length } = body;
  const turns = new ReadingTurns(request);
  let came = 0;
  let settled = false;
  request.on('data', (chunk: Buffer) => {
    came += chunk.copy(body, came);
    turns.took(chunk.length);
  });
  request.on('end', () => {
    settled = true;
    // The parser ends a request at the length it declared and nowhere else (RFC 9112 §6.3). What was not written is nobody's to see.
    done(came === length ? body : body.subarray(0, came));
  });
  request.on('error', (error) => {
    if (!settled) failed(error);
  });
}

/** A body of unknown length: more room is asked for as it comes, and reading pauses while there is none. @param room absent when it needs none */
function gather(request: IncomingMessage, limit: number, room: BodyRoom | undefined, done: Done, failed: Failed): void {
  askForBody(request);
  let first: Buffer | undefined;
  let more: Buffer[] | undefined;
  // A small body, as nearly every one is, has no need of them.
  const turns = room && new ReadingTurns(request);
  let length = 0;
  let reserved = room ? freeBodyBytes : limit;
  let settled = false;
  const stop = (unread: UnreadBody) => {
    settled = true;
    request.off('data', onData);
    if (turns) turns.wait();
    else request.pause();
    done(unread);
  };
  const grow = () => {
    reserved = Math.ceil(length / freeBodyBytes) * freeBodyBytes;
    const refused = room?.lease().reserve(reserved, (inVain) => {
      if (settled) return;
      if (inVain) stop(inVain);
      else turns?.goOn();
    });
    if (refused === 'waits') turns?.wait();
    else if (refused) stop(refused);
  };
  const onData = (chunk: Buffer) => {
    length += chunk.length;
    if (length > limit) return stop('too-large');
    if (first === undefined) first = chunk;
    else (more ??= [first]).push(chunk);
    turns?.took(chunk.length);
    if (length > reserved) grow();
  };
  request.on('data', onData);
  request.on('end', () => {
    if (settled) return;
    settled = true;
    if (!more) done(first ?? nothing);
    else if (!room || length <= freeBodyBytes) done(Buffer.concat(more, length));
    else joinInPieces(more, room.lease().lend(length), done);
  });
  // A sender that goes away in the middle is an error, too: the request is destroyed with one that says so.
  request.on('error', (error) => {
    if (settled) return;
    settled = true;
    failed(error);
  });
}

/** Octets of one body that are taken in one turn of the event loop, and joined in one. */
const bytesOfTurn = 512 * 1024;
const joinedInTurn = 2 * 1_048_576;

/**
 * Takes a piece of a large body in each turn of the event loop. All that a sender has ready would come at once otherwise, two megabytes and more, decrypted
 * before anybody else is looked at.
 */
class ReadingTurns {
  #inTurn = 0;
  #waits = false;

  constructor(private readonly request: IncomingMessage) {}

  took(bytes: number): void {
    tookChunk(bytes);
    this.#inTurn += bytes;
    if (this.#inTurn < bytesOfTurn) return;
    this.#inTurn = 0;
    this.request.pause();
    setImmediate(() => {
      if (!this.#waits) this.request.resume();
    });
  }

  /** Until {@link goOn}, if ever. */
  wait(): void {
    this.#waits = true;
    this.request.pause();
  }

  goOn(): void {
    this.#waits = false;
    this.request.resume();
  }
}

/** Puts chunks into one piece of memory, some in each turn of the event loop. @param chunks not used any more when it is done */
export function joinInPieces(chunks: readonly Uint8Array[], body: Buffer, done: (body: Buffer) => void): void {
  let next = 0;
  let at = 0;
  const join = () => {
    for (const end = at + joinedInTurn; at < end && next < chunks.length;) {
      const chunk = chunks[next++] as Uint8Array;
      body.set(chunk, at);
      at += chunk.length;
    }
    if (next === chunks.length) done(body);
    else setImmediate(join);
  };
  join();
}
