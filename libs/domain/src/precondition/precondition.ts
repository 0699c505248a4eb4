import { SluiceError } from '../error/sluice-error.js';

/** What must hold of a thing for a change of it to be made (RFC 9110 §13.1). Tags are without their quotes. */
export interface Precondition {
  /** It has one of these tags; `*`: it is there. */
  readonly ifMatch?: '*' | readonly string[] | undefined;
  /** It is not there. */
  readonly ifNoneMatch?: '*' | undefined;
}

/**
 * To be called when nobody else can change the thing any more: with its row locked, in the transaction of the change.
 * @param tag of the thing as it is now; undefined: it is not there
 * @throws SluiceError `precondition-failed`
 */
export function requirePrecondition({ ifMatch, ifNoneMatch }: Precondition, tag: string | undefined): void {
  if (ifMatch !== undefined && (tag === undefined || (ifMatch !== '*' && !ifMatch.includes(tag))))
    throw new SluiceError(
      'precondition-failed',
      tag === undefined
        ? 'If-Match: there is nothing here to change. Leave the header out to make it.'
        : 'If-Match: it was changed since it was read. Read it again, and decide by what it is now.',
    );
  if (ifNoneMatch !== undefined && tag !== undefined)
    throw new SluiceError('precondition-failed', 'If-None-Match: it is there already. Read it, and change that.');
}
