import type { Right } from '@sluice/domain';
import { queryOptions } from '@tanstack/react-query';
import { allRights, rights } from 'virtual:rights';
import { ApiProblem, call, request } from './admin-api.ts';

/** Who is signed in. The token itself is given once, and is in a cookie that no script sees. */
export interface Session {
  readonly name: string;
  readonly roles: readonly string[];
  readonly expiresAt: string;
  /** Who signed in by the provider of identities; absent of an admin token. */
  readonly person?: { readonly id: string; readonly shown: string };
}

/** How a person or a token is called on the pages. */
export function shownName({ name, person }: Session): string {
  return person?.shown ?? name;
}

/** Where to go when the session is closed: who signed in by the provider of identities signs out there too. */
export function afterSignOut({ person }: Session): string {
  return person === undefined ? '/' : '/v1/sign-in/leave';
}

/** @returns undefined when nobody is signed in */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: async (): Promise<Session | null> => {
    try {
      return (await request('/v1/sessions/current', { method: 'GET' })).body as Session;
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 401) return null;
      throw error;
    }
  },
  staleTime: 60_000,
});

export async function signIn(token: string): Promise<Session> {
  const { body } = await request('/v1/sessions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
  });
  return body as Session;
}

export async function signOut(): Promise<void> {
  await request('/v1/sessions/current', { method: 'DELETE' });
}

/** Closes every session of the same admin token or person, this one too. */
export async function signOutEverywhere(): Promise<void> {
  await call('signOutEverywhere', {});
}

/** Whether this administrator has a right, by itself or in another one. What may not be done is shown, and not offered. */
export function may(session: Session | null | undefined, right: Right): boolean {
  return session ? heldRights(session.roles).has(right) : false;
}

/** These rights with those that they include; other roles are none. */
export function heldRights(roles: readonly string[]): ReadonlySet<string> {
  return new Set(
    roles.includes(allRights)
      ? Object.keys(rights)
      : roles.flatMap((role) => (Object.hasOwn(rights, role) ? [role, ...(rights[role]?.includes ?? [])] : [])),
  );
}
