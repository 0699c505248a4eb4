import type { ArtifactFiles } from './artifact-files.js';
import type { IflwContext } from './iflw-element.js';

/** What a step's conversion may look at. */
export interface StepConversion {
  readonly context: IflwContext;
  readonly files: ArtifactFiles;
  /** Id of the receiver channel that starts at the element, if there is one. */
  receiverOf(elementId: string): string | undefined;
}

/** What every step has. */
export interface StepBase {
  readonly id: string;
  readonly name: string;
  readonly next?: string;
}
