/** What a worker process is told of limits when it starts. */
export interface WorkerLimits {
  /** Of one script, in milliseconds. */
  readonly timeLimitMs: number;
  /** Of one script, in octets. */
  readonly memoryLimitBytes: number;
}

export function readWorkerLimits(argument: string): WorkerLimits {
  const { timeLimitMs, memoryLimitBytes } = JSON.parse(argument) as WorkerLimits;
  return { timeLimitMs, memoryLimitBytes };
}
