/** What a listener shows to say who it is. */
export interface ServerIdentity {
  /** Leaf first, root last: a connectivity test hands the root out. PEM. */
  readonly certificateChain: string;
  readonly privateKey: string;
}
