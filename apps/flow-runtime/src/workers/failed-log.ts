import { detailOf, writeDetail } from '../messages/write-line.js';
import { Message, type FlowFailure } from '@sluice/flow-engine';
import type { PackedOutcome } from './worker-frames.js';
import type { WorkerLog } from './worker-task.js';

/** What the log says of a message without an outcome. */
export function failedLog(what: PackedOutcome): WorkerLog {
  const { code, message } =
    'error' in what ? what.error : { code: 'internal' as const, message: 'The message came to no outcome.' };
  const error: FlowFailure = { code, message };
  const outcome = {
    status: 'FAILED' as const,
    error,
    message: new Message(),
    steps: [],
    stepsDropped: 0,
    customHeaders: [],
    attachments: [],
    log: [],
  };
  const detail = detailOf(outcome, false);
  return { status: 'FAILED', error, detail: detail && writeDetail(detail), payloadsDropped: false };
}
