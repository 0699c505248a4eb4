/** Bounds on one document, parsed or made; what exceeds them is refused, not cut. */
export interface XmlLimits {
  readonly maximumDepth: number;
  readonly maximumNodes: number;
  /** Of one element. */
  readonly maximumAttributes: number;
}

export const DEFAULT_XML_LIMITS: XmlLimits = {
  maximumDepth: 500,
  maximumNodes: 5_000_000,
  maximumAttributes: 1_000,
};
