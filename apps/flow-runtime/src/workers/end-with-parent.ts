import { Worker } from 'node:worker_threads';

const program = `
const { workerData: { parent } } = require('node:worker_threads');
setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL'); }, 500);
`;

/**
 * Ends this process when the one that started it has ended, whatever this one does: a worker in the middle of a message does not hear that its connection is closed, and
 * nobody is left who would end it for what it uses. Of a thread of its own, as the system tells nobody of it unless asked.
 */
export function endWithParent(parent: number, onFault: (error: unknown) => void): void {
  const thread = new Worker(program, {
    eval: true,
    workerData: { parent },
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1 },
  });
  thread.on('error', onFault);
  thread.unref();
}
