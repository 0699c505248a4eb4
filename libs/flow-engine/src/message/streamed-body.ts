import type { FlowProcessingError } from '@sluice/domain';

/** A sender's body that is passed on while it comes. Nobody holds it, so it can be read once only. */
export interface StreamedBody {
  /** In bytes, as the sender declared it; undefined when only its end tells. */
  readonly length: number | undefined;
  /** Why it did not come to its end: what was passed on of it counts for nothing. */
  readonly failure: FlowProcessingError | undefined;
  /**
   * What comes next is taken from the sender when it is asked for. Rejects with {@link failure}, and after {@link close}.
   * @throws Error the second time
   */
  chunks(): AsyncIterable<Uint8Array>;
  /** No more of it is wanted. */
  close(): void;
}

export function isStreamedBody(body: Uint8Array | string | StreamedBody | null): body is StreamedBody {
  return body !== null && typeof body === 'object' && 'chunks' in body;
}
