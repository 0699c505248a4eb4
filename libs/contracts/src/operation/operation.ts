import type { ErrorCode, Right } from '@sluice/domain';
import { z } from 'zod';
import type { RequestContract, RequestOf, ResponseOf, ServiceName } from '../request/request-contract.js';
import { headerMembers, type HeaderMember } from './request-headers.js';
import { withoutTag } from './tagged.js';
import { members } from './violations.js';

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** The groups in which the document shows the calls. */
export const tags = [
  'User roles',
  'Service instances',
  'Service keys',
  'Certificates',
  'Issuing CAs',
  'Token keys',
  'Trusted roots',
  'Flows',
  'Credentials',
  'Message processing log',
  'Proposals',
  'Decisions',
  'Connectivity tests',
  'Administration',
] as const;
export type Tag = (typeof tags)[number];

/**
 * What a caller must have: a right; or be an administrator with `any` rights, or with none; or `nothing`, not even a token.
 */
export type Need = Right | 'any' | 'nothing';

/** What one call of the admin API is, told once: the route, its validation, the document and the client are made of it. */
export interface HttpOperation {
  /** `operationId` in the OpenAPI document. */
  readonly id: string;
  readonly method: HttpMethod;
  /** With `{name}` for each parameter. */
  readonly path: string;
  readonly tag: Tag;
  readonly summary: string;
  readonly description?: string | undefined;
  /** Parameters in the path, and in the query. */
  readonly parameters: z.ZodObject;
  readonly query: z.ZodObject;
  /** Headers that it takes, by the member that each gives. */
  readonly headers: readonly HeaderMember[];
  readonly body?: OperationBody | undefined;
  readonly answer: OperationAnswer;
  /** Beyond `errorsOfEveryCall`. */
  readonly errors: readonly ErrorCode[];
  readonly needs: Need;
}

export interface OperationBody {
  /** Of JSON; absent when it is sent as something else only. */
  readonly schema?: z.ZodType | undefined;
  /** What it may be sent as beside JSON. */
  readonly mediaTypes?: readonly string[] | undefined;
  /** It may be left out. */
  readonly optional: boolean;
  /** The member of the request that is the whole body. */
  readonly member?: string | undefined;
}

export interface OperationAnswer {
  /** Of success. */
  readonly status: number;
  /** Sometimes 201 in its place: something was made that was not there. */
  readonly created?: boolean | undefined;
  /** It changes what is published: 202 with `propagation: pending` while the bus is away. */
  readonly changes: boolean;
  /** What 202 means, where it is not that. */
  readonly pending?: string | undefined;
  /** Of JSON; absent when there is no body, or another media type. */
  readonly schema?: z.ZodType | undefined;
  readonly mediaType?: string | undefined;
  /** Media type in which the items of a list are asked for by `Accept`, all of them in the place of a page, one a line. */
  readonly linesOf?: string | undefined;
  /** It is shown this once, and must be kept by nobody in between. */
  readonly secret?: boolean | undefined;
  /** It is about one thing that can be changed, and has the tag of that in `ETag`. */
  readonly etag?: boolean | undefined;
}

/** An operation with the types of what a caller gives and gets. */
export interface Operation<Input = unknown, Answer = unknown> extends HttpOperation {
  /** Of the types alone; never there. */
  readonly types?: { readonly input: Input; readonly answer: Answer };
}

interface Described {
  readonly tag: Tag;
  readonly summary: string;
  readonly description?: string;
  readonly method: HttpMethod;
  readonly path: string;
  /** Of success; 200 unless it is said, 204 of a DELETE. */
  readonly status?: 200 | 201 | 202 | 204 | 303;
  readonly errors?: readonly ErrorCode[];
  readonly secret?: boolean;
  readonly needs: Need;
  /** What 202 means, where it is not that the bus is away. */
  readonly pending?: string;
}

/** How a request of the bus is called over HTTP: what is in the path is named there, `actor` is who holds the token, the rest is the body. */
export interface HttpBinding<Request, Response> extends Described {
  /** Members of the request that are sent in the query. */
  readonly query?: readonly (keyof Request & string)[];
  /** The member of the request that is the whole body. */
  readonly body?: keyof Request & string;
  /** Members of the request that HTTP cannot give. */
  readonly without?: readonly (keyof Request & string)[];
  /** The member of the response whose members stand at the top of the answer, beside the other members. */
  readonly shows?: keyof Response & string;
}

type Flat<T> = { [K in keyof T]: T[K] } & unknown;
type InputOf<C extends RequestContract, B> = Flat<
  Omit<RequestOf<C>, 'actor' | HeaderMember | (B extends { without: readonly (infer W)[] } ? W & string : never)>
>;
/** The tag is in a header. */
type Untagged<T> = 'etag' extends keyof T ? Flat<Omit<T, 'etag'>> : T;
/** A DELETE that is done has no body. */
type AnswerOf<C extends RequestContract, B> = B extends { method: 'DELETE' }
  ? ResponseOf<C> | undefined
  : B extends { shows: infer Shown extends keyof ResponseOf<C> }
    ? Flat<ResponseOf<C>[Shown] & Omit<ResponseOf<C>, Shown | 'created' | 'etag'>>
    : Untagged<ResponseOf<C>>;

/** A request of the bus that is a call of the admin API. */
export type OperationContract<
  Request extends z.ZodObject = z.ZodObject,
  Response extends z.ZodObject = z.ZodObject,
> = RequestContract<Request, Response> & {
  readonly http: Operation;
  readonly shows: string | undefined;
};

/**
 * Defines a request that one service answers, and the call of the admin API that it is.
 * @param name verb-noun; the subject becomes `sluice.<service>.<name>.v1`, the id of the operation `verbNoun`
 */
export function defineOperation<
  Request extends z.ZodObject,
  Response extends z.ZodObject,
  const Binding extends HttpBinding<z.output<Request>, z.output<Response>>,
>(
  service: ServiceName,
  name: string,
  definition: {
    readonly request: Request;
    readonly response: Response;
    readonly timeoutMs?: number;
    readonly http: Binding;
  },
) {
  const { request, response, timeoutMs = 5_000, http } = definition;
  const inPath = parametersOf(http.path);
  const inQuery: readonly string[] = http.query ?? [];
  const inHeader = headerMembers.filter((member) => member in request.shape);
  const elsewhere = new Set([
    ...inPath,
    ...inQuery,
    ...inHeader,
    'actor',
    ...((http.without ?? []) as readonly string[]),
  ]);
  const rest = Object.keys(request.shape).filter((member) => !elsewhere.has(member));
  const operation: Operation<
    InputOf<RequestContract<Request, Response>, Binding>,
    AnswerOf<RequestContract<Request, Response>, Binding>
  > = {
    ...described(http, idOf(name)),
    parameters: pick(request, inPath),
    query: pick(request, inQuery, noQuery),
    headers: inHeader,
    body: bodyOf(request, rest, http.body),
    answer: {
      status: http.status ?? (http.method === 'DELETE' ? 204 : 200),
      created: 'created' in response.shape,
      changes: 'propagation' in response.shape,
      schema: http.status === 204 || http.method === 'DELETE' ? undefined : shown(response, http.shows),
      secret: http.secret,
      etag: 'etag' in response.shape,
      pending: http.pending,
    },
  };
  return {
    service,
    subject: `sluice.${service}.${name}.v1`,
    request,
    response,
    timeoutMs,
    http: operation,
    shows: http.shows as string | undefined,
  };
}

/** Defines a call of the admin API that is more than one request of the bus, or none, or no JSON. */
export function defineHttpOperation<
  Parameters extends z.ZodRawShape = z.ZodRawShape,
  Query extends z.ZodRawShape = z.ZodRawShape,
  Body extends z.ZodType = z.ZodType<undefined>,
  Answer extends z.ZodType = z.ZodType<undefined>,
>(
  id: string,
  definition: Described & {
    readonly parameters?: Parameters;
    readonly query?: Query;
    /** What others put into the query beside it is of no interest, and no fault. */
    readonly ignoresOtherQuery?: boolean;
    readonly body?: Body;
    /** What the body is sent as, if not as JSON alone. */
    readonly mediaTypes?: readonly string[];
    readonly answer?: Answer;
    readonly answerMediaType?: string;
    readonly linesOf?: string;
    readonly changes?: boolean;
    readonly created?: boolean;
    readonly headers?: readonly HeaderMember[];
    readonly etag?: boolean;
  },
): Operation<
  Flat<
    z.input<z.ZodObject<Parameters>> &
      z.input<z.ZodObject<Query>> &
      (z.input<Body> extends undefined ? unknown : z.input<Body>)
  >,
  z.output<Answer>
> {
  const {
    parameters,
    query,
    ignoresOtherQuery = false,
    body,
    mediaTypes,
    answer,
    answerMediaType,
    linesOf,
    changes = false,
    created,
    headers = [],
    etag,
  } = definition;
  return {
    ...described(definition, id),
    parameters: members(parameters ?? ({} as z.ZodRawShape)),
    query: ignoresOtherQuery
      ? z.object(query ?? ({} as z.ZodRawShape))
      : members(query ?? ({} as z.ZodRawShape), undefined, noQuery),
    headers,
    ...(body || mediaTypes ? { body: { schema: body, mediaTypes, optional: false } } : {}),
    answer: {
      status: definition.status ?? (definition.method === 'DELETE' ? 204 : 200),
      created,
      changes,
      schema: answer,
      mediaType: answerMediaType,
      linesOf,
      secret: definition.secret,
      etag,
    },
  };
}

function described({ method, path, tag, summary, description, errors = [], needs }: Described, id: string) {
  return { id, method, path, tag, summary, description, errors, needs };
}

/** `rotate-service-key` becomes `rotateServiceKey`. */
function idOf(name: string): string {
  return name.replace(/-(\w)/g, (_dash, letter: string) => letter.toUpperCase());
}

/** The names of the parameters in a path. */
export function parametersOf(path: string): string[] {
  return Array.from(path.matchAll(/\{(\w+)\}/g), ([, name = '']) => name);
}

const noQuery = 'this call has no query';

/** Whether a path is one of a template: `/v1/flows/a` of `/v1/flows/{id}`. */
export function matchesPath(template: string, path: string): boolean {
  const wanted = template.split('/');
  const given = path.split('/');
  return (
    wanted.length === given.length &&
    wanted.every((part, index) => (parametersOf(part).length > 0 ? given[index] !== '' : part === given[index]))
  );
}

function pick(request: z.ZodObject, names: readonly string[], whenNone?: string): z.ZodObject {
  return members(Object.fromEntries(names.map((name) => [name, schemaOf(request, name)])), undefined, whenNone);
}

function schemaOf(request: z.ZodObject, name: string): z.ZodType {
  const schema = request.shape[name];
  if (!schema) throw new Error(`The request has no member ${name}.`);
  return schema as z.ZodType;
}

function bodyOf(request: z.ZodObject, rest: readonly string[], whole: string | undefined): OperationBody | undefined {
  if (whole !== undefined) return { schema: schemaOf(request, whole), optional: false, member: whole };
  if (rest.length === 0) return undefined;
  const schema = pick(request, rest);
  return { schema, optional: schema.safeParse({}).success };
}

/** The response as the answer shows it. */
function shown(response: z.ZodObject, member: string | undefined): z.ZodType {
  const { created: _created, etag: _etag, ...shape } = response.shape as Record<string, z.ZodType>;
  if (member === undefined) return withoutTag(response);
  const { [member]: noun, ...beside } = shape;
  return (noun as z.ZodObject).extend(beside);
}
