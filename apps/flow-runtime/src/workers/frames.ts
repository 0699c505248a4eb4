import type { Duplex } from 'node:stream';

/** What goes between the runtime and a worker in one piece: a small object, and octets beside it that are never looked at on the way. */
export interface Frame<Head> {
  readonly head: Head;
  readonly parts: readonly Uint8Array[];
}

/** Octets before the head: length of all that follows, length of the head, number of parts. The length of each part follows. */
const fixedLength = 12;
const maxFrame = 512 * 1024 * 1024;
/** A head is parsed in one turn of the event loop, by a thread that has others waiting. */
const maxHead = 512 * 1024;

/** Writes a frame; the parts are not copied. @throws RangeError when it is larger than a frame, or its head than a head, may be */
export function writeFrame(stream: Duplex, head: object, parts: readonly Uint8Array[] = []): void {
  const text = Buffer.from(JSON.stringify(head));
  if (text.length > maxHead) throw new RangeError(`What is to be passed on beside the body has ${text.length} octets.`);
  const start = Buffer.allocUnsafe(fixedLength + 4 * parts.length + text.length);
  let length = start.length - 4;
  parts.forEach((part, index) => {
    start.writeUInt32LE(part.length, fixedLength + 4 * index);
    length += part.length;
  });
  if (length > maxFrame) throw new RangeError(`A message of ${length} octets is too large to be passed on.`);
  start.writeUInt32LE(length, 0);
  start.writeUInt32LE(text.length, 4);
  start.writeUInt32LE(parts.length, 8);
  text.copy(start, fixedLength + 4 * parts.length);
  if (parts.length === 0) {
    stream.write(start);
    return;
  }
  stream.cork();
  stream.write(start);
  for (const part of parts) if (part.length > 0) stream.write(part);
  stream.uncork();
}

/**
 * Puts frames together again. A large one is gathered in one buffer made for it, so that no octet is copied twice.
 * @param take is given each frame as it is complete; parts are its own
 * @param memory where a frame of so many octets is gathered
 * @param took is told of the octets of each chunk
 */
export function readFrames<Head>(
  stream: Duplex,
  take: (frame: Frame<Head>) => void,
  memory: (bytes: number) => Buffer = (bytes) => Buffer.allocUnsafeSlow(bytes),
  took: (bytes: number) => void = () => undefined,
): void {
  const lengthOctets = Buffer.alloc(4);
  let lengthCame = 0;
  let frame: Buffer | undefined;
  let came = 0;
  stream.on('data', (chunk: Buffer) => {
    let at = 0;
    took(chunk.length);
    while (at < chunk.length) {
      if (frame === undefined) {
        const wanted = Math.min(4 - lengthCame, chunk.length - at);
        chunk.copy(lengthOctets, lengthCame, at, at + wanted);
        lengthCame += wanted;
        at += wanted;
        if (lengthCame < 4) return;
        const length = lengthOctets.readUInt32LE(0);
        if (length > maxFrame) {
          stream.destroy(new RangeError(`A frame of ${length} octets.`));
          return;
        }
        frame = memory(length);
        came = 0;
        lengthCame = 0;
      }
      const wanted = Math.min(frame.length - came, chunk.length - at);
      chunk.copy(frame, came, at, at + wanted);
      came += wanted;
      at += wanted;
      if (came < frame.length) return;
      const whole = frame;
      frame = undefined;
      if (whole.length < 8 || whole.readUInt32LE(0) > maxHead) {
        stream.destroy(new RangeError('A frame with a head that is too large.'));
        return;
      }
      take(parse<Head>(whole));
    }
  });
}

function parse<Head>(frame: Buffer): Frame<Head> {
  const headLength = frame.readUInt32LE(0);
  const count = frame.readUInt32LE(4);
  let at = 8 + 4 * count;
  const head = JSON.parse(frame.toString('utf8', at, at + headLength)) as Head;
  at += headLength;
  const parts: Uint8Array[] = [];
  for (let index = 0; index < count; index++) {
    const length = frame.readUInt32LE(8 + 4 * index);
    parts.push(frame.subarray(at, at + length));
    at += length;
  }
  return { head, parts };
}
