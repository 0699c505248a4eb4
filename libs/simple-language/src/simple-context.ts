/** Headers and properties, as far as an expression looks at them. */
export interface SimpleNames {
  get(name: string): unknown;
  has(name: string): boolean;
  readonly size: number;
}

/** The message, as far as an expression looks at it. */
export interface SimpleMessage {
  readonly headers: SimpleNames;
  readonly properties: SimpleNames;
  /** The body as it stands; null when there is none. */
  readonly body: unknown;
  readonly isEmpty: boolean;
  /** The body as a text. @throws FlowProcessingError when it has none */
  text(): string;
}

/** The failure that an exception subprocess handles, as `${exception…}` shows it. */
export interface SimpleException {
  readonly code: string;
  readonly message: string;
  readonly responseCode?: number;
  readonly responseBody?: string;
}

/** What an expression can see. */
export interface SimpleContext {
  readonly message: SimpleMessage;
  /** The failure an exception subprocess is handling. */
  readonly exception: SimpleException | null;
  /** Id of the exchange, the same for the whole message. */
  readonly exchangeId: string;
  readonly flowName: string;
  /** Milliseconds since 1970. */
  now(): number;
  /** The text of a header, property or body: Camel's type converter. Null and undefined give an empty text. */
  toText(value: unknown): string;
}

export type CompiledExpression = (context: SimpleContext) => unknown;
export type CompiledPredicate = (context: SimpleContext) => boolean;
