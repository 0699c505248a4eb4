import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { call, type Answer, type Input, type Item, type Operation } from './admin-api.ts';

/** One answer of the admin API, by the name of its operation and what is asked. */
export function one<O extends Operation>(operation: O, input: Input<O>) {
  return queryOptions({
    queryKey: [operation, input],
    queryFn: ({ signal }): Promise<Answer<O>> => call(operation, input, { signal }),
  });
}

/** A list, page by page. */
export function pages<O extends Operation>(operation: O, input: Omit<Input<O>, 'limit' | 'after'>, limit = 50) {
  return infiniteQueryOptions({
    queryKey: [operation, 'pages', input, limit],
    queryFn: async ({ pageParam, signal }) => {
      const page = { ...input, limit, ...(pageParam === undefined ? {} : { after: pageParam }) };
      const answer = await call(operation, page as unknown as Input<O>, { signal });
      return answer as unknown as { items: Item<O>[]; next?: string };
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next,
  });
}
