/** Placeholder replaced below. */
export interface OcspAnswer {
  readonly der: Uint8Array;
}
