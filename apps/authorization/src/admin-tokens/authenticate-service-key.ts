import { tokenAudiences, type AccessVerdict, type InstanceRecord } from '@sluice/contracts';
import { apiRole, hasReached, isRight, SluiceError, type Position } from '@sluice/domain';
import type { StateEntry } from '@sluice/messaging';
import type { Administrator } from './authenticate-administrator.js';

/** What this rests on. */
export interface ServiceKeyState {
  /** Where the stream ends now, as its leader says; undefined when there is none. */
  end(): Promise<Position | undefined>;
  /** @returns whether this process has applied at least so much, and may decide by it */
  reach(minimum: Position): Promise<boolean>;
  instance(id: string): Promise<StateEntry<'instance'>> | StateEntry<'instance'>;
  verify(token: string, minimum: Position): Promise<AccessVerdict>;
}

/**
 * Knows service keys by their access tokens for the admin API (RFC 9068). Nothing is remembered: the end of the stream is asked for
 * with each call, so what was revoked before a call is dead in it.
 */
export class AuthenticateServiceKey {
  constructor(private readonly state: ServiceKeyState) {}

  /**
   * @returns as its name `<instance>/<key>`; as its roles the rights of the instance that the token is not narrowed from
   * @throws SluiceError `unauthenticated`; `permission-denied` for a key that does not open the admin API; `behind`, `unavailable`
   */
  async execute(accessToken: string): Promise<Administrator> {
    const minimum = await this.#end();
    const verdict = await this.state.verify(accessToken, minimum);
    if (verdict.outcome !== 'accepted' || verdict.serviceInstanceId === undefined) throw refused(verdict);
    if (!hasReached(verdict.asOf, minimum) || !(await this.state.reach(minimum))) throw behind();
    // Its next certificate is anybody's who has one of that name from a trusted CA, and so a matter of who may add roots.
    if (verdict.dependencies.some(({ key }) => key.startsWith('unpinned.')))
      throw new SluiceError(
        'permission-denied',
        'A service key that is not pinned does not open the admin API: pin it.',
      );
    const instance = await this.#instance(verdict.serviceInstanceId);
    const { scope } = verdict;
    const roles = scope === undefined ? instance.roles : instance.roles.filter((role) => scope.includes(role));
    if (instance.plan !== 'api')
      throw new SluiceError(
        'permission-denied',
        `The service instance ${instance.name} has the plan ${instance.plan}: the admin API is open to plan api.`,
      );
    if (!roles.includes(apiRole))
      throw new SluiceError(
        'permission-denied',
        `The token does not have the role ${apiRole}: give it to the service instance ${instance.name}, and ask for a token with it.`,
        { missing: [apiRole] },
      );
    return {
      name: `${instance.name}/${verdict.serviceKeyName ?? verdict.serviceKeyId ?? ''}`,
      roles: roles.filter(isRight),
    };
  }

  async #end(): Promise<Position> {
    try {
      const end = await this.state.end();
      if (end) return end;
    } catch (error) {
      throw unavailable(error);
    }
    throw unavailable(undefined);
  }

  async #instance(id: string): Promise<InstanceRecord> {
    let entry: StateEntry<'instance'>;
    try {
      entry = await this.state.instance(id);
    } catch (error) {
      throw unavailable(error);
    }
    if (entry.record) return entry.record;
    throw new SluiceError('unauthenticated', 'The service instance of the token is not there any more.');
  }
}

/** Nothing but that it has expired is told to whoever sends it: the others are no business of a stranger. */
function refused({ refusal }: AccessVerdict): SluiceError {
  const expired = refusal?.endsWith('expired') === true;
  return new SluiceError(
    'unauthenticated',
    expired
      ? 'The access token has expired: ask for another.'
      : `The access token is not one for ${tokenAudiences.adminApi} that is good now: ask for another.`,
    expired ? { expired } : undefined,
  );
}

function behind(): SluiceError {
  return new SluiceError('behind', 'This process has not yet applied the changes this question is to rest on.');
}

function unavailable(cause: unknown): SluiceError {
  return new SluiceError('unavailable', 'The state that an access token rests on cannot be read now.', undefined, {
    cause,
  });
}
