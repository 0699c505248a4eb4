import { join } from 'node:path';
import { readStackConfig } from './config.js';
import { Progress } from './progress.js';
import { Stack } from './stack.js';

/** npm, or its shell, may be killed without a word to us: then nobody could end the stack any more. */
function whenParentIsGone(then: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    then();
  }, 500);
  timer.unref();
}

const root = join(import.meta.dirname, '..', '..', '..');
const progress = new Progress();

// What it says may go to a file on a full disk, or to nobody: that must not end it, and leave its children behind.
for (const output of [process.stdout, process.stderr]) output.on('error', () => undefined);

try {
  const stack = new Stack(readStackConfig(process.env, root), progress);
  const end = (code: number) => {
    stack.stop().then(
      () => process.exit(code),
      (error: unknown) => {
        progress.say(error instanceof Error ? error.message : String(error));
        process.exit(1);
      },
    );
  };
  // A second one must not end this process before what it started: servers would be left behind.
  process.on('SIGINT', () => end(0));
  process.on('SIGTERM', () => end(0));
  if (process.env['npm_lifecycle_event']) whenParentIsGone(() => end(0));
  try {
    await stack.start();
  } catch (error) {
    progress.say(error instanceof Error ? error.message : String(error));
    end(1);
  }
} catch (error) {
  progress.say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
