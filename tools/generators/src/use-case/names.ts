/** What a use case is called in each place. */
export interface UseCaseNames {
  readonly app: string;
  /** Folder of the noun in the service: `service-keys`. */
  readonly noun: string;
  /** Of the request, and of the files: `suspend-service-key`. */
  readonly name: string;
  /** Of the operation, and of the member of the controller: `suspendServiceKey`. */
  readonly id: string;
  readonly className: string;
  /** Of the controller's method: `suspend`. */
  readonly method: string;
  /** `Suspends a service key`. */
  readonly sentence: string;
  /** `service key`. */
  readonly one: string;
  /** Of the call of the admin API. */
  readonly path: string;
  /** Names of the parameters in the path. */
  readonly parameters: readonly string[];
}

export function namesOf(options: { app: string; noun: string; verb: string; path?: string }): UseCaseNames {
  const { app, noun, verb } = options;
  const singular = noun.replace(/ies$/, 'y').replace(/s$/, '');
  const name = `${verb}-${singular}`;
  const path = options.path ?? `/v1/${noun}/{id}/${verb}`;
  const one = singular.replaceAll('-', ' ');
  return {
    app,
    noun,
    name,
    id: camel(name),
    className: capital(camel(name)),
    method: camel(verb),
    sentence: `${capital(thirdPerson(verb.replaceAll('-', ' ')))} ${/^[aeiou]/.test(one) ? 'an' : 'a'} ${one}`,
    one,
    path,
    parameters: Array.from(path.matchAll(/\{(\w+)\}/g), ([, parameter = '']) => parameter),
  };
}

function camel(name: string): string {
  return name.replace(/-(\w)/g, (_dash, letter: string) => letter.toUpperCase());
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function thirdPerson(verb: string): string {
  const [first = '', ...rest] = verb.split(' ');
  const ending = /([^aeiou])y$/.test(first)
    ? first.replace(/y$/, 'ies')
    : /(s|x|z|ch|sh)$/.test(first)
      ? `${first}es`
      : `${first}s`;
  return [ending, ...rest].join(' ');
}
