import { describe, expect, it } from '@jest/globals';
import { allRights, apiRole, isRight, keyTypes, rightNames } from '@sluice/domain';
import { httpStatusOf } from './http-status.js';
import { errorsOf, openApiDocument } from './openapi-document.js';
import { operations } from './operations.js';

interface Described {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly responses: Readonly<Record<string, unknown>>;
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required: boolean }[];
}
const document = openApiDocument('1') as unknown as {
  paths: Record<string, Record<string, Described>>;
  components: {
    schemas: Record<string, Record<string, unknown>>;
    securitySchemes: { accessToken: { flows: { clientCredentials: { scopes: Record<string, string> } } } };
  };
  tags: { name: string }[];
};
const described = Object.values(document.paths).flatMap((path) => Object.values(path));

describe('the description of the admin API', () => {
  it('has every operation once, with an id of its own', () => {
    expect(described.map(({ operationId }) => operationId).sort()).toEqual(operations.map(({ id }) => id).sort());
    expect(new Set(operations.map(({ id }) => id)).size).toBe(operations.length);
    expect(new Set(operations.map(({ method, path }) => `${method} ${path}`)).size).toBe(operations.length);
  });

  it('refers to components that are there, and has no nameless ones', () => {
    const text = JSON.stringify(document);
    const names = new Set(text.match(/#\/components\/schemas\/[^"]+/g)?.map((ref) => ref.split('/').at(-1) ?? ''));
    for (const name of names) expect(Object.keys(document.components.schemas)).toContain(name);
    expect(Object.keys(document.components.schemas).filter((name) => !/^[A-Z][A-Za-z0-9]+$/.test(name))).toEqual([]);
    expect(text).not.toContain('$defs');
  });

  it.each(['ServiceKeyParameters', 'StoredServiceKeyParameters'])('has in %s every type of keys', (name) => {
    const { oneOf } = document.components.schemas[name] as {
      oneOf: { properties: Record<string, { const?: string }> }[];
    };
    expect(oneOf.map(({ properties }) => properties['key-type']?.const)).toEqual(keyTypes);
  });

  it('has for every operation the status of each error it may be answered with', () => {
    for (const operation of operations) {
      const { responses } = document.paths[operation.path]?.[operation.method.toLowerCase()] as Described;
      for (const code of errorsOf(operation)) expect(Object.keys(responses)).toContain(String(httpStatusOf[code]));
    }
  });

  it('has for everything that can be changed the entity tag, and If-Match wherever it is changed or deleted, by an action (POST) too', () => {
    const things = operations.filter(({ method, answer }) => method === 'GET' && answer.etag).map(({ path }) => path);
    expect(things).toHaveLength(7);
    for (const { path, method } of operations)
      if (method === 'PATCH' || method === 'PUT') expect(things).toContain(path.replace(/\/revocation$/, ''));
    for (const path of things) {
      const changes = operations.filter((each) => each.path.startsWith(path) && each.method !== 'GET');
      for (const { id, method, path: at, headers, answer } of changes) {
        // What is made below a thing leaves the thing as it is.
        if (answer.status === 201 || at.includes('/crls/')) continue;
        expect([id, headers.includes('ifMatch')]).toEqual([id, true]);
        const described = document.paths[at]?.[method.toLowerCase()] as Described;
        expect(described.parameters?.filter((each) => each.in === 'header').map(({ name }) => name)).toContain(
          'If-Match',
        );
        expect(described.responses).toHaveProperty('412');
        // All keys of an instance: the answer is them, and each has a tag of its own.
        if (method !== 'DELETE' && id !== 'revokeServiceInstance') expect([id, answer.etag]).toEqual([id, true]);
        if (answer.created) expect([id, headers.includes('ifNoneMatch')]).toEqual([id, true]);
      }
    }
    const { responses } = document.paths['/v1/service-instances/{id}']?.['get'] as Described;
    expect(responses['200']).toHaveProperty('headers.ETag');
    expect(document.components.schemas['ServiceInstance']).not.toHaveProperty('properties.etag');
  });

  it('has for what makes something the key with which it may be repeated', () => {
    const kept = operations.filter(({ headers }) => headers.includes('idempotencyKey'));
    // A connectivity test makes nothing that stays, and is best made anew.
    // Nor is a session: who did not get its cookie signs in again.
    const not = ['runConnectivityTest', 'signIn'];
    const making = operations.filter((each) => each.answer.status === 201 && !not.includes(each.id));
    const secret = operations.filter((each) => each.answer.secret && !not.includes(each.id));
    expect(new Set(kept)).toEqual(new Set([...making, ...secret]));
    for (const { path, method } of kept) {
      const described = document.paths[path]?.[method.toLowerCase()] as Described;
      expect(described.parameters?.map(({ name }) => name)).toContain('Idempotency-Key');
      expect(described.responses).toHaveProperty('422');
    }
  });

  it('has for every operation the right that it needs, for both kinds of tokens, and 403 for who has it not', () => {
    expect(document.components.securitySchemes.accessToken.flows.clientCredentials.scopes).toEqual(
      Object.fromEntries([apiRole, ...rightNames].map((name) => [name, expect.any(String)])),
    );
    const ofSigningIn: Readonly<Record<string, readonly string[]>> = {
      '/v1/sessions': ['401', '403', '429'],
      '/v1/sign-in/callback': ['401', '403', '429'],
      '/v1/sign-in/provider': ['403'],
      '/v1/sign-in/leave': ['403'],
    };
    for (const { path, method, needs } of operations) {
      const { security, responses } = document.paths[path]?.[method.toLowerCase()] as Described;
      if (isRight(needs)) expect(security).toEqual([{ adminToken: [needs] }, { accessToken: [apiRole, needs] }]);
      else expect([path, security]).toEqual([path, needs === 'nothing' ? [] : undefined]);
      for (const status of ['401', '403', '429'])
        expect([path, status, status in responses]).toEqual([
          path,
          status,
          needs !== 'nothing' || (ofSigningIn[path] ?? []).includes(status),
        ]);
    }
  });

  it('reads with a right to read, and changes with none of them', () => {
    // Everybody may open a session of their own, and close it.
    const own = ['signIn', 'signOut', 'signOutEverywhere'];
    // Held against the right of the call that was proposed, where that is made.
    own.push('approveProposal', 'withdrawProposal');
    for (const { id, method, needs } of operations.filter(({ id }) => !own.includes(id)))
      if (method === 'GET' && needs !== 'Connectivity.test')
        expect([id, needs]).toEqual([id, expect.stringMatching(/\.read$|^any$|^nothing$/)]);
      else expect([id, needs]).toEqual([id, expect.not.stringMatching(/\.read$|^any$|^nothing$/)]);
  });

  it('has for every right an operation that needs it, but perhaps for the one that has all', () => {
    const needed = new Set<string>(operations.map(({ needs }) => needs));
    const unused = rightNames.filter((right) => right !== allRights && !needed.has(right));
    expect(unused).toEqual([]);
  });

  it('names the parameters of each path, and groups that it describes', () => {
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const { parameters = [], tags } of Object.values(methods)) {
        const inPath = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name);
        expect(inPath).toEqual(Array.from(path.matchAll(/\{(\w+)\}/g), ([, name]) => name));
        for (const tag of tags) expect(document.tags.map(({ name }) => name)).toContain(tag);
      }
    }
  });
});
