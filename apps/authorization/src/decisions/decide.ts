import {
  type Check,
  type DecodedRequestOf,
  type decide,
  type DecideResponse,
  type FlowRecord,
  type InstanceRecord,
} from '@sluice/contracts';
import {
  canonicalDistinguishedName,
  hasReached,
  MalformedDistinguishedName,
  parseDistinguishedName,
  SluiceError,
  type Dependency,
  type Position,
} from '@sluice/domain';
import type { StateEntry } from '@sluice/messaging';

/** The state a decision rests on. */
export interface AuthorizationState {
  readonly position: Position | undefined;
  reach(minimum: Position, timeoutMs: number): Promise<boolean>;
  flow(id: string): StateEntry<'flow'>;
  role(name: string): StateEntry<'role'>;
  instance(id: string): Promise<StateEntry<'instance'>> | StateEntry<'instance'>;
  credential(sha256: string): Promise<StateEntry<'credential'>> | StateEntry<'credential'>;
}

export type DecideRequest = DecodedRequestOf<typeof decide>;
type Endpoint = FlowRecord['endpoints'][number];
type Decision = Pick<DecideResponse, 'outcome' | 'reasons' | 'dependencies'>;
type Caller = Exclude<DecideRequest['caller'], { kind: 'held-certificate' }>;

const maxWaitMs = 300;

/** May this caller use this endpoint? Permit needs a proof; everything that is not known denies or refuses to answer. */
export class Decide {
  /** The pairs a flow lists, read once for each version of its record. */
  readonly #pairs = new WeakMap<Endpoint, ListedPairs>();

  constructor(private readonly state: AuthorizationState) {}

  /** @throws SluiceError `behind`, `unavailable`; `not-found` when there is no such endpoint, or no key holds the certificate */
  async execute(request: DecideRequest): Promise<DecideResponse> {
    if (!(await this.state.reach(request.minimum, maxWaitMs))) throw behind();
    const flow = this.state.flow(request.flowId);
    const endpoint = flow.record?.endpoints.find(({ id }) => id === request.endpointId);
    if (!endpoint)
      throw new SluiceError('not-found', `There is no endpoint ${request.endpointId} of a flow ${request.flowId}.`);
    const caller = await this.#callerOf(request);
    const rests: Dependency[] = [{ key: flow.key, sequence: flow.sequence }];
    const { authorization } = endpoint;
    const decision =
      authorization.type === 'UserRole'
        ? await this.#byRole(authorization.role, caller, rests)
        : this.#byNames(endpoint, caller, rests);
    const asOf = this.state.position;
    if (!asOf || !hasReached(asOf, request.minimum)) throw behind();
    return {
      ...decision,
      asOf,
      ...(caller.kind === 'service-key' ? { serviceInstanceId: caller.serviceInstanceId } : {}),
    };
  }

  /** The record that names the instance is not among what the answer rests on: the verdict names the instance again. */
  async #callerOf({ caller }: DecideRequest): Promise<Caller> {
    if (caller.kind !== 'held-certificate') return caller;
    const { record } = await fetched(() => this.state.credential(caller.sha256), 'credential');
    if (!record) throw new SluiceError('not-found', 'No pinned service key holds this certificate.');
    return { kind: 'service-key', serviceInstanceId: record.serviceInstanceId };
  }

  async #byRole(role: string, caller: Caller, rests: Dependency[]): Promise<Decision> {
    if (caller.kind !== 'service-key')
      return deny(rests, 'role', `The flow asks for the role ${role}, and roles belong to service keys.`);
    const roleEntry = this.state.role(role);
    rests.push({ key: roleEntry.key, sequence: roleEntry.sequence });
    if (!roleEntry.record)
      return deny(rests, 'role', `There is no user role ${role}: create it, or name another in the flow.`);
    const entry = await fetched(() => this.state.instance(caller.serviceInstanceId), 'service instance');
    rests.push({ key: entry.key, sequence: entry.sequence });
    const instance: InstanceRecord | undefined = entry.record;
    if (!instance) return deny(rests, 'service-instance', 'The service instance of the key is not there.');
    if (instance.plan !== 'integration-flow')
      return deny(
        rests,
        'service-instance',
        `The service instance ${instance.name} has the plan ${instance.plan}: its keys call the admin API, and no flows.`,
      );
    if (!instance.roles.includes(role)) {
      return deny(
        rests,
        'role',
        `The service instance ${instance.name} has not the role ${role}; it has ${instance.roles.join(', ')}.`,
      );
    }
    const { scope } = caller;
    if (scope && !scope.includes(role)) {
      return deny(
        rests,
        'scope',
        `The service instance ${instance.name} has the role ${role}, but the scope of its token lacks it${scope.length === 0 ? '' : ` (${scope.join(', ')})`}: get a token with that scope, or one without asking for a scope.`,
      );
    }
    return permit(rests, 'role', `The service instance ${instance.name} has the role ${role}.`);
  }

  #byNames(endpoint: Endpoint, caller: Caller, rests: Dependency[]): Decision {
    if (caller.kind !== 'certificate')
      return deny(rests, 'names', 'The flow compares names of certificates, and none were given.');
    const { readable, unreadable } = this.#pairsOf(endpoint);
    if (readable.has(pairKey(caller.subject, caller.issuer))) {
      return permit(rests, 'names', 'The flow lists the subject and issuer of the certificate.');
    }
    const passedOver =
      unreadable.length === 0
        ? ''
        : ` Pairs of it that cannot be read were passed over: ${unreadable.join(' ')} Deploy the flow again with names that can be read.`;
    return deny(rests, 'names', `The flow does not list the subject and issuer of the certificate.${passedOver}`);
  }

  /** A definition of an older version may list a pair that cannot be read; it is nobody's, and the others hold. */
  #pairsOf(endpoint: Endpoint): ListedPairs {
    const known = this.#pairs.get(endpoint);
    if (known) return known;
    const listed = endpoint.authorization.type === 'ClientCertificate' ? endpoint.authorization.certificates : [];
    const readable = new Set<string>();
    const unreadable: string[] = [];
    for (const { subjectDN, issuerDN } of listed) {
      try {
        readable.add(
          pairKey(
            canonicalDistinguishedName(parseDistinguishedName(subjectDN)),
            canonicalDistinguishedName(parseDistinguishedName(issuerDN)),
          ),
        );
      } catch (error) {
        if (!(error instanceof MalformedDistinguishedName)) throw error;
        unreadable.push(error.message);
      }
    }
    const pairs = { readable, unreadable };
    this.#pairs.set(endpoint, pairs);
    return pairs;
  }
}

interface ListedPairs {
  /** Canonical names. */
  readonly readable: ReadonlySet<string>;
  /** Why the others cannot be read, a sentence each. */
  readonly unreadable: readonly string[];
}

async function fetched<E>(fetch: () => Promise<E> | E, thing: string): Promise<E> {
  try {
    return await fetch();
  } catch (error) {
    throw new SluiceError('unavailable', `The record of the ${thing} cannot be fetched now.`, undefined, {
      cause: error,
    });
  }
}

/** JSON, so that no name can reach into the other. */
const pairKey = (subject: string, issuer: string) => JSON.stringify([subject, issuer]);

const reason = (check: string, ok: boolean, explanation: string): Check[] => [{ check, ok, explanation }];

function permit(dependencies: Dependency[], check: string, explanation: string): Decision {
  return { outcome: 'permit', dependencies, reasons: reason(check, true, explanation) };
}

function deny(dependencies: Dependency[], check: string, explanation: string): Decision {
  return { outcome: 'deny', dependencies, reasons: reason(check, false, explanation) };
}

function behind(): SluiceError {
  return new SluiceError('behind', 'This process has not yet applied the changes this question is to rest on.');
}
