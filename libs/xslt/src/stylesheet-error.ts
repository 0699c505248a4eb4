/** What is wrong with a stylesheet, or not offered. */
export interface StylesheetProblem {
  readonly line: number;
  readonly message: string;
  readonly unsupported: boolean;
  readonly nearest?: string;
}

/** A stylesheet that cannot be compiled; holds every problem. */
export class StylesheetError extends Error {
  override readonly name = 'StylesheetError';
  readonly problems: readonly StylesheetProblem[];

  constructor(problems: readonly StylesheetProblem[]) {
    super(problems.map(({ line, message }) => `line ${line}: ${message}`).join('; '));
    this.problems = problems;
  }
}
