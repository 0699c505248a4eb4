import type { CloudEvent } from '@sluice/contracts';

/** `service-key.rotated` of `dev.sluice.service-key.rotated.v1`. */
export function happenedIn({ type }: CloudEvent): string {
  return type.replace(/^dev\.sluice\./, '').replace(/\.v\d+$/, '');
}

/** Where the page of a thing is, by its kind. */
const pages: Readonly<Record<string, string>> = {
  'service-key': '/service-keys/',
  'service-instance': '/service-instances/',
  flow: '/flows/',
  'trusted-root': '/trusted-roots/',
};

/** What an event is about: its name where the data has one, and the page of it, which is gone with the thing. */
export function subjectOf(event: CloudEvent): { readonly name: string; readonly to: string | undefined } {
  const [thing = '', happened] = happenedIn(event).split('.');
  const member = thing.replace(/-(\w)/g, (_dash, letter: string) => letter.toUpperCase());
  const about = event.data[member] as { readonly name?: unknown; readonly subject?: unknown } | undefined;
  const name = about?.name ?? about?.subject;
  const isGone = happened === 'deleted' || happened === 'removed' || happened === 'undeployed';
  const page = isGone ? undefined : pages[thing];
  return {
    name: typeof name === 'string' ? name : event.subject,
    to: page === undefined ? undefined : `${page}${encodeURIComponent(event.subject)}`,
  };
}

export function actorOf({ data }: CloudEvent): string | undefined {
  return typeof data['actor'] === 'string' ? data['actor'] : undefined;
}
