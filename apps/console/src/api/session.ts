import { queryOptions } from '@tanstack/react-query';
import { ApiProblem, request } from './admin-api.ts';

/** Who is signed in. The token itself is given once, and is in a cookie that no script sees. */
export interface Session {
  readonly name: string;
  readonly roles: readonly string[];
  readonly expiresAt: string;
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

/** Whether this administrator may do what needs a role. What may not be done is shown, and not offered. */
export function may(session: Session | null | undefined, role: string): boolean {
  return session?.roles.some((each) => each === role || each === 'Admin.all') ?? false;
}
