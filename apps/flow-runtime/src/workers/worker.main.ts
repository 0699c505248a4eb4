/** A worker of the flow runtime: a process that can be ended at any time. It has no secret, no bus, no database and no network. */
import { Socket } from 'node:net';
import { endWithParent } from './end-with-parent.js';
import { QuickJsScripts } from '../adapters/script-port.quickjs.js';
import { RunInWorker } from './run-in-worker.js';
import { readWorkerLimits } from './worker-limits.js';

const limits = readWorkerLimits(process.argv[2] ?? '');
endWithParent(process.ppid, (error) => tell(error, 'watching the runtime'));
const scripts = new QuickJsScripts({
  threads: 1,
  ...limits,
  onFault: tell,
});
const stream = new Socket({ fd: 3, readable: true, writable: true });
// The runtime has gone, and with it everybody who asked.
stream.on('close', () => process.exit(0));
stream.on('error', () => process.exit(0));
new RunInWorker(stream, scripts).start();

function tell(error: unknown, what: string): void {
  process.stderr.write(`${what}: ${error instanceof Error ? error.message : String(error)}\n`);
}
