const mebibyte = 1024 * 1024;

/** What all streams together may take on the disk of a nats-server, in MiB, unless it is set. */
export const defaultBusStoreMb = 8_192;
/** Below it the streams' own bookkeeping does not fit. */
export const minBusStoreMb = 64;

/** Octets that a stream may take, each a part of the whole, so that they fit whatever the whole is. */
export interface StreamSizes {
  readonly messageProcessingLog: number;
  readonly decisions: number;
}

/**
 * Stated, never guessed from the room on the disk: a server that guesses takes less each time it starts on a disk that filled,
 * and then refuses streams it had before. What is not given to the two streams that fill with use, more than two
 * thirds, is left to the state, the events and the CRLs, which have no bound of their own.
 * @param storeMb `max_file_store` in MiB
 */
export function streamSizes(storeMb: number): StreamSizes {
  const whole = storeMb * mebibyte;
  return { messageProcessingLog: Math.floor(whole / 4), decisions: Math.floor(whole / 32) };
}
