/** Tells of a value that is wrong, by its place in the document. */
export type ReportProblem = (path: string, message: string, line?: number, nearest?: string) => void;
