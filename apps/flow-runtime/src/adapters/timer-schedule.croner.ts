import type { FlowDefinition, FlowProblem, TimerSchedule } from '@sluice/flow-engine';
import { Cron } from 'croner';

/** When a timer fires next. */
export interface Firings {
  /** @returns the first time after `afterMs` (milliseconds since 1970), or null when there is none any more */
  next(afterMs: number): number | null;
}

/**
 * Reads a Quartz expression (second minute hour day month weekday [year]; weekdays count from 1 for Sunday).
 * @throws Error that says what is wrong with it
 */
export function readSchedule(schedule: Extract<TimerSchedule, { kind: 'cron' }>): Firings {
  // Quartz writes `?` for the one of day and weekday that is not given.
  const expression = schedule.expression.trim().replaceAll('?', '*');
  const cron = new Cron(expression, {
    paused: true,
    timezone: schedule.timeZone,
    alternativeWeekdays: true,
    // `0/15` is Quartz for every fifteenth from 0 on.
    sloppyRanges: true,
    mode: '6-or-7-parts',
  });
  return { next: (afterMs) => cron.nextRun(new Date(afterMs))?.getTime() ?? null };
}

/** Schedules of a flow that no timer could follow. */
export function problemsOfTimers(definition: FlowDefinition): FlowProblem[] {
  return definition.senders.flatMap((sender, index): FlowProblem[] => {
    if (sender.adapter !== 'Timer' || sender.schedule.kind !== 'cron') return [];
    try {
      readSchedule(sender.schedule);
      return [];
    } catch (error) {
      const { expression, timeZone } = sender.schedule;
      return [
        {
          path: `senders[${index}].schedule`,
          code: 'invalid-value',
          message: `The schedule "${expression}" (${timeZone}) cannot be followed: ${(error as Error).message}`,
          nearest: 'a Quartz expression: second minute hour day month weekday [year], such as 0 0/15 * ? * *',
        },
      ];
    }
  });
}
