import { tokenAudiences, type AccessVerdict, type InstanceRecord, type Verdict } from '@sluice/contracts';
import { apiRole, hasReached, isRight, SluiceError, type Position } from '@sluice/domain';
import type { StateEntry } from '@sluice/messaging';
import type { Administrator } from './authenticate-administrator.js';

/** A certificate that a caller proved to have the key of, with what it sent beside it; DER in base64. */
export interface ShownCertificate {
  readonly leaf: string;
  readonly chain: string[];
}

/** What a service key is known by: a token alone says who calls, and the certificate beside it only whether it may be used here. */
export interface ShownKey {
  readonly accessToken?: string | undefined;
  readonly certificate?: ShownCertificate | undefined;
}

/** What this rests on. */
export interface ServiceKeyState {
  /** Where the stream ends now, as its leader says; undefined when there is none. */
  end(): Promise<Position | undefined>;
  /** @returns whether this process has applied at least so much, and may decide by it */
  reach(minimum: Position): Promise<boolean>;
  instance(id: string): Promise<StateEntry<'instance'>> | StateEntry<'instance'>;
  /** @param key of the record: `credential.<sha256>` */
  credential(key: string): Promise<StateEntry<'credential'>> | StateEntry<'credential'>;
  verifyToken(token: string, certificate: ShownCertificate | undefined, minimum: Position): Promise<AccessVerdict>;
  verifyCertificate(certificate: ShownCertificate, minimum: Position): Promise<Verdict>;
}

/**
 * Knows service keys by their access tokens for the admin API (RFC 9068), or by their certificates. Nothing is remembered: the end of the stream is asked for
 * with each call, so what was revoked before a call is dead in it.
 */
export class AuthenticateServiceKey {
  constructor(private readonly state: ServiceKeyState) {}

  /**
   * @returns as its name `<instance>/<key>`; as its roles the rights of the instance that the token is not narrowed from
   * @throws SluiceError `unauthenticated`; `permission-denied` for a key that does not open the admin API; `behind`, `unavailable`
   */
  async execute(shown: ShownKey): Promise<Administrator> {
    const minimum = await this.#end();
    const verdict = await this.#verdictOn(shown, minimum);
    if (verdict.outcome !== 'accepted' || verdict.serviceInstanceId === undefined)
      throw shown.accessToken === undefined ? refusedCertificate() : refused(verdict);
    if (!hasReached(verdict.asOf, minimum) || !(await this.state.reach(minimum))) throw behind();
    // Its next certificate is anybody's who has one of that name from a trusted CA, and so a matter of who may add roots.
    if (!(await this.#isPinned(verdict)))
      throw new SluiceError(
        'permission-denied',
        'A service key that is not pinned does not open the admin API: pin it.',
      );
    const instance = await this.#instance(verdict.serviceInstanceId);
    const scope = 'scope' in verdict ? verdict.scope : undefined;
    const roles = scope === undefined ? instance.roles : instance.roles.filter((role) => scope.includes(role));
    if (instance.plan !== 'api')
      throw new SluiceError(
        'permission-denied',
        `The service instance ${instance.name} has the plan ${instance.plan}: the admin API is open to plan api.`,
      );
    if (!roles.includes(apiRole))
      throw new SluiceError(
        'permission-denied',
        shown.accessToken === undefined
          ? `The service instance ${instance.name} does not have the role ${apiRole}: give it that role.`
          : `The token does not have the role ${apiRole}: give it to the service instance ${instance.name}, and ask for a token with it.`,
        { missing: [apiRole] },
      );
    return {
      name: `${instance.name}/${verdict.serviceKeyName ?? verdict.serviceKeyId ?? ''}`,
      roles: roles.filter(isRight),
    };
  }

  #verdictOn({ accessToken, certificate }: ShownKey, minimum: Position): Promise<AccessVerdict | Verdict> {
    if (accessToken !== undefined) return this.state.verifyToken(accessToken, certificate, minimum);
    if (certificate !== undefined) return this.state.verifyCertificate(certificate, minimum);
    throw new SluiceError('unauthenticated', 'Nothing was shown by which a service key could be known.');
  }

  /** What rests on a certificate rests on the keys that may have it by its names, whether there are any or not; pinned is the key that holds it. */
  async #isPinned({ dependencies, serviceKeyId }: AccessVerdict | Verdict): Promise<boolean> {
    const of = (prefix: string) => dependencies.find(({ key }) => key.startsWith(prefix))?.key;
    if (of('unpinned.') === undefined) return true;
    const held = of('credential.');
    if (held === undefined) return false;
    const { record } = await this.#fetched(() => this.state.credential(held));
    return record !== undefined && record.serviceKeyId === serviceKeyId;
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
    const { record } = await this.#fetched(() => this.state.instance(id));
    if (record) return record;
    throw new SluiceError('unauthenticated', 'The service instance of the token is not there any more.');
  }

  async #fetched<E>(fetch: () => Promise<E> | E): Promise<E> {
    try {
      return await fetch();
    } catch (error) {
      throw unavailable(error);
    }
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

/** The same for every certificate, whatever is wrong with it. */
function refusedCertificate(): SluiceError {
  return new SluiceError(
    'unauthenticated',
    'The certificate is not one of a service key that is good now; without a certificate, send a token: Authorization: Bearer <token>.',
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
