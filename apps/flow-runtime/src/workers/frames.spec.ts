import { describe, expect, it } from '@jest/globals';
import { PassThrough } from 'node:stream';
import { readFrames, writeFrame, type Frame } from './frames.js';

/** Writes frames, and gives the reader their octets in chunks of this size. */
async function through(frames: readonly Frame<object>[], chunk: number): Promise<Frame<object>[]> {
  const written = new PassThrough();
  for (const { head, parts } of frames) writeFrame(written, head, parts);
  written.end();
  const octets = Buffer.concat(await written.toArray());
  const read: Frame<object>[] = [];
  const stream = new PassThrough();
  readFrames<object>(stream, (frame) => read.push(frame));
  for (let at = 0; at < octets.length; at += chunk) stream.write(octets.subarray(at, at + chunk));
  stream.end();
  await new Promise((resolve) => stream.once('end', resolve));
  return read;
}

describe('frames', () => {
  const frames: Frame<object>[] = [
    { head: { type: 'a', text: 'ü€😀' }, parts: [] },
    { head: {}, parts: [Buffer.alloc(0), Buffer.from([0, 255]), Buffer.from('x'.repeat(3_000))] },
    { head: { last: true }, parts: [Buffer.from('y')] },
  ];

  it.each([1, 2, 3, 5, 1_000, 1_000_000])('arrive as they were written in chunks of %d octets', async (chunk) => {
    const read = await through(frames, chunk);
    expect(read.map(({ head, parts }) => ({ head, parts: parts.map((part) => Buffer.from(part)) }))).toEqual(
      frames.map(({ head, parts }) => ({ head, parts: parts.map((part) => Buffer.from(part)) })),
    );
  });

  it('of more than 512 MB are not written, and end a stream that claims to hold one', async () => {
    const stream = new PassThrough();
    const part = Buffer.alloc(300 * 1_048_576);
    expect(() => writeFrame(stream, {}, [part, part])).toThrow(RangeError);
    readFrames(stream, () => undefined);
    const ended = new Promise((resolve) => stream.once('error', resolve));
    stream.write(Buffer.from([255, 255, 255, 255]));
    expect(await ended).toBeInstanceOf(RangeError);
  });
});
