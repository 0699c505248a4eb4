import {
  cloudEvent,
  eventNameOf,
  eventSubject,
  eventTypes,
  eventWriters,
  type EventName,
  type StateWriter,
} from '@sluice/contracts';
import type { AcknowledgedEvents } from '@sluice/messaging';
import type { Acknowledgements } from '@sluice/persistence';

/** The events a service was acknowledged, as its schema keeps them, for who publishes them again. */
export function acknowledgedEvents(acknowledgements: Acknowledgements): AcknowledgedEvents {
  return {
    ends: async () =>
      (await acknowledgements.eventEnds()).map(({ name, position }) => ({
        subject: eventSubject(name as EventName),
        position,
      })),
    between: async (subject, after, before) =>
      (await acknowledgements.eventsBetween(eventNameOf(subject), after, before)).map(({ position, body }) => ({
        position,
        event: cloudEvent.parse(body),
      })),
  };
}

/** The subjects that a service alone publishes its events under. */
export function eventSubjectsOf(writer: StateWriter): string[] {
  return (Object.keys(eventTypes) as EventName[])
    .filter((name) => eventWriters[writer].some((thing) => name.startsWith(`${thing}.`)))
    .map(eventSubject);
}
