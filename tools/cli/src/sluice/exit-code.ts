/** With what the program ends; documented in docs/cli.md. */
export const exitCode = {
  done: 0,
  /** Something went wrong that none of the others says. */
  failed: 1,
  /** The command line is wrong, or the admin API found what was given wrong (400, 413, 415, 422). */
  usage: 2,
  notFound: 3,
  /** No token, a wrong one, or one without the role (401, 403). */
  notAllowed: 4,
  /** It contradicts what is there, or somebody else changed it meanwhile (409, 412). */
  conflict: 5,
  /** Nobody answers, or not now (429, 503). To be tried again. */
  unavailable: 6,
  /** The command did its work and found something that is not as it should be. */
  found: 7,
} as const;

export function exitCodeOfStatus(status: number): number {
  switch (status) {
    case 401:
    case 403:
      return exitCode.notAllowed;
    case 404:
      return exitCode.notFound;
    case 409:
    case 412:
      return exitCode.conflict;
    case 429:
    case 502:
    case 503:
    case 504:
      return exitCode.unavailable;
    default:
      return status >= 400 && status < 500 ? exitCode.usage : exitCode.failed;
  }
}

/** What a command ends with in place of its work: a sentence with the next step, and the code. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';

  constructor(
    message: string,
    readonly code: number = exitCode.failed,
  ) {
    super(message);
  }
}
